// SPDX-License-Identifier: Apache-2.0
#include "runtime/parent/birth.hpp"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/linux/command_line.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "runtime/child/failure.hpp"
#include "runtime/child/namespaces.hpp"
#include "runtime/init/reaper_image.hpp"
#include "runtime/parent/conversation.hpp"
#include "runtime/protocol/message.hpp"
#include "runtime/seccomp/foresee.hpp"

namespace coracle::runtime {
namespace {

struct Cloned {
  pid_t pid;  ///< 0: this is the child
  linux::Fd pidfd;
};

/// Children that are born while this lives are not dumpable. A container's processes may see them
/// (exec, --pid=container:): until one has become its program none of them may look at its memory,
/// its descriptors or our program file behind /proc/PID/exe (CVE-2016-9962, CVE-2019-5736).
class HiddenBirth {
 public:
  explicit HiddenBirth(bool wanted) : before_(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) {
    if (wanted) ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }
  ~HiddenBirth() {
    if (!is_child_) ::prctl(PR_SET_DUMPABLE, before_ == 1 ? 1 : 0, 0, 0, 0);
  }
  HiddenBirth(const HiddenBirth&) = delete;
  HiddenBirth& operator=(const HiddenBirth&) = delete;

  /// In the child: it stays as it was born.
  void stay_hidden() noexcept { is_child_ = true; }

 private:
  int before_;
  bool is_child_ = false;
};

/// clone3(2) like fork: the child returns here with pid 0. The pid is -1 with errno when it fails.
/// @param flags  CLONE_NEW…, and CLONE_PARENT
Cloned try_clone_process(int flags, int cgroup, bool hidden) {
  HiddenBirth birth(hidden);
  // Variables and places of the host are in there.
  linux::HiddenCommandLine command_line;
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = static_cast<std::uint64_t>(flags) | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  // With that flag it is the one that we have (clone(2)).
  if ((flags & CLONE_PARENT) == 0) arguments.exit_signal = SIGCHLD;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  // Filters cannot look at what it is given, and some refuse it (docker's).
  if (pid < 0 && errno == ENOSYS && cgroup < 0) {
    pid = ::syscall(SYS_clone, arguments.flags | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
  }
  if (pid == 0) {
    birth.stay_hidden();
    command_line.stay_hidden();
  }
  return {static_cast<pid_t>(pid), linux::Fd(pid == 0 ? -1 : pidfd)};
}

[[noreturn]] void throw_unborn(int code) {
  SysError error(code, "cannot create the container's process");
  if (code == ENOSPC) error.set_hint("a limit in /proc/sys/user/max_*_namespaces is reached");
  throw error;
}

Cloned clone_process(int namespaces, int cgroup, bool hidden) {
  Cloned cloned = try_clone_process(namespaces, cgroup, hidden);
  if (cloned.pid < 0) throw_unborn(errno);
  return cloned;
}

/// The process between: it enters the namespaces, and the child that it has there is ours.
/// @returns in the child
Cloned bear_in_namespaces(const ChildPlan& plan, const Birth& birth, int cgroup, int proc,
                          int socket) noexcept {
  child::enter_namespaces_for_child(plan, proc, socket);
  Cloned cloned = try_clone_process(birth.namespaces | CLONE_PARENT, cgroup, birth.hidden);
  if (cloned.pid == 0) return cloned;
  if (cloned.pid < 0) child::fail(socket, protocol::Step::create_process, "");
  protocol::Message message;
  message.kind = protocol::Kind::born;
  message.value = cloned.pid;
  protocol::send(socket, message);
  ::_exit(0);
}

Cloned clone_in_namespaces(const ChildPlan& plan, const Birth& birth, int cgroup, int proc) {
  linux::SocketPair sockets = linux::make_socketpair(SOCK_SEQPACKET);
  // In the group it counts, and there may be room for one alone (pids.max); but from within
  // namespaces of others nobody may be born into a group that is not theirs.
  const bool is_from_within = std::ranges::any_of(plan.join, [](const NamespaceStep& step) {
    return (step.flag & (CLONE_NEWUSER | CLONE_NEWCGROUP)) != 0;
  });
  const Cloned between = clone_process(0, is_from_within ? cgroup : -1, birth.hidden);
  if (between.pid == 0) {
    return bear_in_namespaces(plan, birth, is_from_within ? -1 : cgroup, proc,
                              sockets.second.get());
  }
  sockets.second.reset();
  linux::Child process(between.pid);
  const auto answer = protocol::receive(sockets.first.get());
  process.wait();
  if (!answer) {
    throw Error(ErrorClass::internal, "the process that joins namespaces has ended too early");
  }
  const protocol::Message& message = answer->message;
  if (message.kind == protocol::Kind::failure) {
    if (message.step == protocol::Step::create_process) throw_unborn(message.error);
    throw_failure(message);
  }
  linux::Child child(message.value);
  linux::Fd pidfd = child.open_pidfd();
  return {child.release(), std::move(pidfd)};
}

/// A filter that lets a program be executed need not let the launcher be.
linux::Fd load_launcher(const ProcessPlan& process, const ProcessOptions& options) {
  if (process.first == FirstProcess::pause) return {};
  for (const int call : {SYS_sendmsg, SYS_execveat, SYS_fcntl}) {
    if (options.seccomp != nullptr && !lets_through(*options.seccomp, call)) return {};
  }
  return load_reaper();
}

}  // namespace

HostFacts gather_host_facts() {
  HostFacts facts{linux::in_user_namespace(), linux::bounding_set(), linux::all_capabilities()};
  if (::stat("/proc/self/exe", &facts.own_program) != 0)
    throw SysError("cannot find our own program");
  return facts;
}

Newborn give_birth(const ChildPlan& plan, const ProcessOptions& options, const Birth& birth) {
  child::ExecVectors vectors(plan.process);
  const linux::Fd launcher = load_launcher(plan.process, options);
  const linux::Fd proc = linux::try_open_at(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY);
  linux::SocketPair sockets = linux::make_socketpair(SOCK_SEQPACKET);
  child::ChildResources resources;
  resources.socket = sockets.second.get();
  resources.parent_socket = sockets.first.get();
  resources.proc = proc.get();
  resources.standard[0] = options.streams.input;
  resources.standard[1] = options.streams.output;
  resources.standard[2] = options.streams.error;
  resources.sources.mounts.resize(plan.mounts.size(), -1);
  resources.sources.devices.resize(plan.devices.size(), -1);
  resources.vectors = &vectors;
  resources.launcher = launcher.get();
  resources.seccomp = options.seccomp;
  resources.root_emulation = options.root_emulation;
  Cloned cloned = plan.joins_before_birth
                      ? clone_in_namespaces(plan, birth, options.cgroup, proc.get())
                      : clone_process(birth.namespaces, options.cgroup, birth.hidden);
  if (cloned.pid == 0) birth.entry(plan, resources);
  return {StartedProcess(linux::Child(cloned.pid), std::move(cloned.pidfd)),
          std::move(sockets.first)};
}

}  // namespace coracle::runtime
