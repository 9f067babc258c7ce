// SPDX-License-Identifier: Apache-2.0
// The messages themselves, for a program without any library, too (runtime/init).
#pragma once

#include <cstdint>

namespace coracle::runtime::protocol {

/// What the child was doing when it failed; each has one sentence in describe().
enum class Step : std::uint8_t {
  none,
  wait_for_parent,
  map_ids,
  join_namespace,
  create_namespace,
  create_process,
  session,
  time_offsets,
  loopback,
  hostname,
  domainname,
  propagation,
  rootfs_mount,
  rootfs_helper,
  pivot_root,
  bind_source,
  mount_target,
  mount,
  mount_attributes,
  copy_up,
  device,
  sysctl,
  mask_path,
  readonly_path,
  remount_root,
  console,
  keyring,
  rlimit,
  oom_score,
  scheduler,
  affinity,
  io_priority,
  memory_policy,
  working_directory,
  groups,
  user,
  capabilities,
  no_new_privileges,
  personality,
  security_label,
  seccomp,
  find_program,
  exec,
};

enum class Kind : std::uint8_t {
  go,          ///< parent to child: carry on (ids are mapped; or: start the program)
  name_space,  ///< child to parent: one of its namespaces is attached, its flag is in `value`
  terminal,    ///< child to parent: the pty's master is attached
  network,     ///< child to parent: its network namespace is attached; waits for `go`
  listener,    ///< child to parent: that of its filter is attached; waits for `go`
  mounted,     ///< child to parent: about to leave the host's root file system; waits for `go`
  ready,       ///< child to parent: set up, about to exec; waits for `go`
  failure,     ///< child to parent: gave up
  launching,   ///< child to parent: from now on only a failure can come
  born,        ///< a process between to the parent: the child's pid is in `value`
};

struct Message {
  Kind kind = Kind::go;
  Step step = Step::none;
  int error = 0;  ///< errno of the failed call
  int value = 0;
  char subject[240] = {};  ///< what it was done to: a path, a name
};

}  // namespace coracle::runtime::protocol
