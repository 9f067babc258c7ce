// SPDX-License-Identifier: Apache-2.0
// From an OCI runtime configuration to a running process. Knows no images and no store: it takes a
// specification, a plan for the root file system, and descriptors.
#pragma once

#include <sched.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coracle/linux/fd.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/rootfs_plan.hpp"
#include "coracle/oci/runtime_spec.hpp"
#include "coracle/runtime/first_process.hpp"
#include "coracle/runtime/hooks.hpp"
#include "coracle/runtime/seccomp.hpp"

namespace coracle::runtime {

class Cgroup;

/// Descriptors that become 0, 1 and 2 of the process; -1 leaves the caller's. Not used when the
/// process has a terminal.
struct StandardStreams {
  int input = -1;
  int output = -1;
  int error = -1;
};

/// What both a container's first process and one that joins it take.
struct ProcessOptions {
  StandardStreams streams;
  const SeccompProgram* seccomp = nullptr;  ///< nullptr: unconfined
  /// Installed before it; nullptr: none (root_emulation.hpp).
  const SeccompProgram* root_emulation = nullptr;
  std::int64_t preserved_fds = 0;  ///< descriptors 3 … 2+n stay open in the program
  bool keep_groups = false;  ///< the caller's supplementary groups stay (--group-add keep-groups)
  /// A cgroup v2 directory to start in (CLONE_INTO_CGROUP), or -1.
  int cgroup = -1;
  bool ends_with_parent = false;  ///< killed when the calling process ends, however it does
  bool new_keyring = true;        ///< a session keyring of its own (keyctl(2)), not the caller's
  /// The CPUs that the program may use, if not the caller's.
  std::optional<cpu_set_t> affinity;
  /// Called with the pid of the stopped process before it does anything: joins cgroups v1.
  std::function<void(pid_t)> before_setup;
};

/// A line for a file of the container's own, such as /etc/passwd, before anything is mounted on it.
struct AppendedText {
  std::string path;  ///< absolute, inside
  std::string text;
};

/// The source of a bind mount of the specification that the caller has opened: its path is one of
/// another mount namespace, or may lead elsewhere by now.
struct OpenedSource {
  std::string source;            ///< as the specification names it
  int tree = -1;                 ///< a detached mount (open_tree(2))
  std::string destination = {};  ///< of that mount, as the specification names it; empty: any
  bool is_file = false;          ///< the mount is one of a file
  /// A directory of the same mount that gets what the root file system has at the destination, with
  /// owner and mode of that; -1: none.
  int fill = -1;
};

struct CreateRequest {
  const oci::RuntimeSpec* spec = nullptr;
  std::string id;  ///< of the container, for hooks
  /// Directory that relative paths of the specification refer to.
  std::string bundle;
  /// Where the root file system comes from; spec.root.path when not set.
  std::optional<linux::RootfsPlan> rootfs;
  /// Cgroup::path(), for mounts of type "cgroup" of a container without a cgroup namespace.
  std::string cgroup_path = {};
  std::vector<OpenedSource> opened = {};
  std::vector<AppendedText> appended;  ///< to regular files that exist; others are left alone
  ProcessOptions process;
  FirstProcess first = FirstProcess::program;
  bool create_working_directory = false;  ///< mkdir -p of process.cwd
  bool no_pivot = false;                  ///< MS_MOVE and chroot instead of pivot_root
  /// There is no mount namespace: the root file system's directory, as it is, becomes the root
  /// directory, which keeps nobody in who has CAP_SYS_CHROOT. Namespaces, mounts and the like are
  /// refused.
  bool chroot_only = false;
  bool wait_for_start = false;  ///< hold before exec until StartedProcess::start()
  /// While it holds, its namespaces and root can be opened through /proc by the root of its user
  /// namespace, as those of a running program can. Not for a pid namespace with others in it.
  bool visible_while_held = false;
  /// A listening SOCK_SEQPACKET socket that blocks: the process, once it was left, holds until
  /// start_left() comes there. For wait_for_start; -1: it holds for its parent.
  int start_listener = -1;
};

/// A process of a container: running its program, or holding before it. Killed and reaped when
/// dropped, unless released.
class StartedProcess {
 public:
  StartedProcess(linux::Child child, linux::Fd descriptor) noexcept
      : process(std::move(child)), pidfd(std::move(descriptor)) {}

  /// Lets a process that holds go on; returns when the program runs. Throws as create() does.
  void start();
  /// Lets go of a process that holds, which goes on doing so (CreateRequest::start_listener).
  void leave();

  linux::Child process;
  linux::Fd pidfd;
  linux::Fd terminal;  ///< the pty's master, if the process has a terminal

 private:
  friend class Conversation;
  linux::Fd socket_;           ///< to a process that holds
  bool is_launching_ = false;  ///< what it says is no longer said by our own code
  oci::Hooks hooks_;
  oci::RuntimeState state_;
  std::vector<NamespaceHandle> namespaces_;  ///< for hooks inside the container
};

/// Makes the container and runs its program, as a child of this single-threaded process, which must
/// have the privileges over its user namespace that the specification needs.
/// @throws Error with exit code 127 when the program is not found and 126 when it cannot be
///         executed; of a hook, poststart ones among them, as run_hooks(); else the class of the
///         errno, naming the step and its subject
StartedProcess create(const CreateRequest& request);

/// Lets a process that was left holding go on; returns when the program runs. Its startContainer
/// and poststart hooks run meanwhile; the caller ends it when those fail.
/// @param connection  to its start_listener
/// @throws as create(), and Error conflict when it does not hold any more
void start_left(linux::Fd connection, const oci::Hooks& hooks, const oci::RuntimeState& state);

struct ExecRequest {
  linux::ProcessIdentity target;  ///< the container's first process
  const oci::Process* process = nullptr;
  ProcessOptions options;
  /// Of the container: what holds for all of its processes (personality, memory policy).
  const oci::LinuxConfig* container = nullptr;
  oci::RuntimeState state = {};  ///< of the container, for whoever listens to the filter
  /// The root directory of one that was made with chroot_only; empty: its namespaces are joined.
  std::string chroot = {};
};

/// Whether exec() enters a user namespace that the caller is not in.
bool enters_user_namespace(const linux::ProcessIdentity& target);

/// The control group for a further process of a container, opened before exec() makes the caller
/// somebody else who may not.
/// @param path      Cgroup::path()
/// @param is_scope  systemd has made it
/// @param options   learn where the process can be born in it; before_setup is to have it join
std::unique_ptr<Cgroup> open_group_for_exec(const std::string& path,
                                            const linux::ProcessIdentity& target, bool is_scope,
                                            ProcessOptions& options);

/// Runs a further program in a container (exec). Moves the calling process into the container's
/// user namespace, and its future children into its pid namespace: for a process that does this
/// only.
StartedProcess exec(const ExecRequest& request);

}  // namespace coracle::runtime
