// SPDX-License-Identifier: Apache-2.0
// The two entries of runtime/child: the first process of a container, and one that joins it.
#pragma once

#include "coracle/runtime/seccomp.hpp"
#include "runtime/child/hold.hpp"
#include "runtime/child/mounts.hpp"
#include "runtime/child/program.hpp"
#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// What the child works with besides the plan; made by the parent before the fork.
struct ChildResources {
  int socket = -1;  ///< its end of the protocol's socket pair, close-on-exec
  int parent_socket =
      -1;         ///< the other end, which is not for it: its end tells that the parent died
  int proc = -1;  ///< the host's /proc: that of a container may be missing, or not be a proc
  int standard[3] = {-1, -1, -1};  ///< becomes 0, 1 and 2 unless there is a terminal
  MountSources sources;
  ShownNamespaces shown;
  bool denies_groups = false;  ///< the user namespace does
  ExecVectors* vectors = nullptr;
  int launcher = -1;  ///< the program that executes the container's; -1: the child does
  const SeccompProgram* seccomp = nullptr;  ///< nullptr: unconfined
  const SeccompProgram* root_emulation = nullptr;
};

[[noreturn]] void run_container(const ChildPlan& plan, ChildResources& resources) noexcept;
[[noreturn]] void run_joining(const ChildPlan& plan, ChildResources& resources) noexcept;

}  // namespace coracle::runtime::child
