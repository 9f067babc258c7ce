// SPDX-License-Identifier: Apache-2.0
// The parent's side of a container's processes: clone, ids, the conversation with the child.
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/runtime/container.hpp"
#include "runtime/child/entry.hpp"
#include "runtime/child/rootfs.hpp"
#include "runtime/plan/plan.hpp"
#include "runtime/protocol/message.hpp"

namespace coracle::runtime {
namespace {

using protocol::Kind;
using protocol::Message;
using protocol::Step;

HostFacts gather_facts() {
  HostFacts facts{linux::in_user_namespace(), linux::bounding_set(), linux::all_capabilities()};
  if (::stat("/proc/self/exe", &facts.own_program) != 0) throw SysError("cannot find our own program");
  return facts;
}

[[noreturn]] void throw_failure(const Message& failure) {
  const std::string reason = ::strerror(failure.error);
  if (failure.step == Step::find_program || failure.step == Step::exec) {
    const bool missing = failure.error == ENOENT || failure.error == ENOTDIR;
    // The wording is that of podman with crun: scripts match it.
    Error error(missing ? ErrorClass::not_found : ErrorClass::permission_denied,
                missing ? fmt::format("executable file `{}` not found in $PATH: {}: OCI runtime "
                                      "attempted to invoke a command that was not found",
                                      failure.subject, reason)
                        : fmt::format("cannot execute `{}`: {}: OCI permission denied",
                                      failure.subject, reason));
    error.set_exit_code(missing ? k_exit_not_found : k_exit_not_executable);
    throw error;
  }
  std::string text(protocol::describe(failure.step));
  if (failure.subject[0] != '\0') text += fmt::format(" '{}'", failure.subject);
  throw SysError(failure.error, text);
}

struct Cloned {
  pid_t pid;
  linux::Fd pidfd;
};

/// Children that are born while this lives are not dumpable. A container's processes may see them
/// (exec, --pid=container:): until one has become its program none of them may look at its memory,
/// its descriptors or our program file behind /proc/PID/exe (CVE-2016-9962, CVE-2019-5736).
class HiddenBirth {
 public:
  /// @param possible  false for one whose files in /proc are still to be written: as a user's, they
  ///                  would belong to root. It hides itself then.
  explicit HiddenBirth(bool possible) : before_(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) {
    if (possible) ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
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

/// clone3(2) like fork: the child returns here with pid 0.
Cloned clone_process(int namespaces, int cgroup, bool hidden) {
  HiddenBirth birth(hidden);
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = static_cast<std::uint64_t>(namespaces) | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup);
  }
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) birth.stay_hidden();
  if (pid < 0) {
    SysError error("cannot create the container's process");
    if (error.code() == ENOSPC) {
      error.set_hint("a limit in /proc/sys/user/max_*_namespaces is reached");
    }
    throw error;
  }
  return {static_cast<pid_t>(pid), linux::Fd(pid == 0 ? -1 : pidfd)};
}

void say_go(int socket) { protocol::send(socket, Message{}); }

}  // namespace

/// What the parent says and does while the child sets itself up.
class Conversation {
 public:
  explicit Conversation(StartedProcess& started) : started_(started) {}
  Conversation(StartedProcess& started, linux::Fd socket) : started_(started) {
    started.socket_ = std::move(socket);
  }

  void use_hooks_of(const CreateRequest& request) {
    started_.hooks_ = request.spec->hooks;
    started_.state_ = {request.spec->oci_version,  request.id,     oci::ContainerStatus::creating,
                       started_.process.pid(), request.bundle, request.spec->annotations};
  }

  /// Until the program runs.
  void finish() {
    hear_out(false);
    started_.socket_.reset();
    started_.state_.status = oci::ContainerStatus::running;
    try_hooks("poststart", started_.hooks_.poststart, started_.state_);
  }

  /// Until the process holds before its program.
  void reach_ready() { hear_out(true); }

  void go_on() {
    started_.state_.status = oci::ContainerStatus::created;
    run_hooks("startContainer", started_.hooks_.start_container, started_.state_, started_.namespaces_);
    started_.namespaces_.clear();
    say_go(started_.socket_.get());
  }

 private:
  /// Listens until end of file (the program runs) or, if asked for, until the process is ready.
  void hear_out(bool until_ready) {
    while (auto received = protocol::receive(started_.socket_.get())) {
      switch (received->message.kind) {
        case Kind::name_space:
          started_.namespaces_.push_back({std::move(received->descriptor), received->message.value});
          break;
        case Kind::terminal:
          started_.terminal = std::move(received->descriptor);
          break;
        case Kind::mounted:
          run_hooks("prestart", started_.hooks_.prestart, started_.state_);
          run_hooks("createRuntime", started_.hooks_.create_runtime, started_.state_);
          run_hooks("createContainer", started_.hooks_.create_container, started_.state_,
                    started_.namespaces_);
          say_go(started_.socket_.get());
          break;
        case Kind::ready:
          if (until_ready) return;
          go_on();
          break;
        case Kind::failure:
          throw_failure(received->message);
        case Kind::go:
          break;
      }
    }
  }

  StartedProcess& started_;
};

namespace {

std::vector<linux::IdRange> to_ranges(const std::vector<oci::IdMapping>& mappings) {
  std::vector<linux::IdRange> ranges;
  for (const auto& mapping : mappings) {
    ranges.push_back({mapping.container_id, mapping.host_id, mapping.size});
  }
  return ranges;
}

/// Directs the children of this process into the pid namespace at `path` while it lives.
class PidNamespaceForChildren {
 public:
  explicit PidNamespaceForChildren(const oci::Namespace* wanted) {
    if (wanted == nullptr) return;
    own_ = linux::open_file("/proc/self/ns/pid", O_RDONLY);
    const linux::Fd other = linux::open_file(wanted->path, O_RDONLY);
    if (::setns(other.get(), CLONE_NEWPID) != 0) {
      throw SysError("cannot join pid namespace '{}'", wanted->path);
    }
  }
  ~PidNamespaceForChildren() {
    if (own_) ::setns(own_.get(), CLONE_NEWPID);
  }
  PidNamespaceForChildren(const PidNamespaceForChildren&) = delete;
  PidNamespaceForChildren& operator=(const PidNamespaceForChildren&) = delete;

 private:
  linux::Fd own_;
};

void note_file_sources(ChildPlan& plan) {
  for (auto& step : plan.mounts) {
    if (step.kind != MountStep::Kind::bind) continue;
    struct stat info {};
    if (::stat(step.source.c_str(), &info) != 0) {
      throw SysError("cannot open mount source '{}'", step.source);
    }
    step.target_is_file = !S_ISDIR(info.st_mode);
  }
}

void fill_streams(const ProcessOptions& options, child::ChildResources& resources) {
  resources.standard[0] = options.streams.input;
  resources.standard[1] = options.streams.output;
  resources.standard[2] = options.streams.error;
  resources.seccomp = options.seccomp;
}

}  // namespace

void mount_overlay(const linux::RootfsPlan& plan) {
  if (!child::try_mount_overlay(plan)) {
    throw SysError("cannot mount the root file system on '{}'", plan.mount_point);
  }
}

void StartedProcess::start() {
  Conversation conversation(*this);
  conversation.go_on();
  conversation.finish();
}

StartedProcess create(const CreateRequest& request) {
  const NamespacePlan namespaces = plan_namespaces(request.spec->linux);
  ChildPlan plan = plan_container(request, namespaces, gather_facts());
  note_file_sources(plan);
  int flags = namespaces.create;
  const bool joins_user = !namespaces.join.empty() &&
                          namespaces.join.front().type == oci::NamespaceType::user;
  if (joins_user) {
    // What is made before the user namespace is joined would belong to the one outside.
    plan.create_after_join = flags & ~CLONE_NEWPID;
    flags &= CLONE_NEWPID;
  }
  if (request.process.before_setup) {
    // The namespace's root is the group its maker is in (cgroup_namespaces(7)): first the group.
    plan.create_after_join |= flags & CLONE_NEWCGROUP;
    flags &= ~CLONE_NEWCGROUP;
  }
  std::vector<linux::Fd> joined;
  for (const auto& entry : namespaces.join) {
    joined.push_back(linux::open_file(entry.path, O_RDONLY));
    plan.join.push_back({joined.back().get(), clone_flag(entry.type), entry.path});
  }
  const child::ExecVectors vectors(plan.process);
  child::ChildResources resources;
  resources.vectors = &vectors;
  resources.sources.mounts.resize(plan.mounts.size(), -1);
  resources.sources.devices.resize(plan.devices.size(), -1);
  fill_streams(request.process, resources);
  linux::SocketPair sockets = linux::make_socketpair(SOCK_SEQPACKET);
  resources.socket = sockets.second.get();
  resources.parent_socket = sockets.first.get();

  const PidNamespaceForChildren pid_namespace(namespaces.join_pid);
  const bool hidden = !plan.own_user_namespace && !plan.process.oom_score_adjustment;
  Cloned cloned = clone_process(flags, request.process.cgroup, hidden);
  if (cloned.pid == 0) child::run_container(plan, resources);
  StartedProcess started(linux::Child(cloned.pid), std::move(cloned.pidfd));
  sockets.second.reset();
  if (plan.wait_for_parent) {
    if (request.process.before_setup) request.process.before_setup(cloned.pid);
    if (plan.own_user_namespace) {
      linux::MappingWriter(cloned.pid, {to_ranges(request.spec->linux.uid_mappings),
                                        to_ranges(request.spec->linux.gid_mappings)})
          .finish();
    }
    say_go(sockets.first.get());
  }
  Conversation conversation(started, std::move(sockets.first));
  conversation.use_hooks_of(request);
  if (request.wait_for_start) {
    conversation.reach_ready();
  } else {
    conversation.finish();
  }
  return started;
}

namespace {

bool same_namespace(pid_t pid, const char* name) {
  struct stat ours {};
  struct stat theirs {};
  const std::string path = fmt::format("/proc/{}/ns/{}", pid, name);
  const std::string own = fmt::format("/proc/self/ns/{}", name);
  return ::stat(own.c_str(), &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 &&
         ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/// A namespace shared with the host belongs to its user namespace: joining it again is refused.
int differing_namespaces(pid_t pid) {
  int flags = CLONE_NEWNS;
  if (!same_namespace(pid, "net")) flags |= CLONE_NEWNET;
  if (!same_namespace(pid, "ipc")) flags |= CLONE_NEWIPC;
  if (!same_namespace(pid, "uts")) flags |= CLONE_NEWUTS;
  if (!same_namespace(pid, "cgroup")) flags |= CLONE_NEWCGROUP;
  return flags;
}

}  // namespace

StartedProcess exec(const ExecRequest& request) {
  linux::Fd target = linux::open_pidfd(request.target);
  if (!target) {
    throw Error(ErrorClass::conflict, "process {} of the container has ended", request.target.pid);
  }
  const bool other_user = !same_namespace(request.target.pid, "user");
  const bool other_pid = !same_namespace(request.target.pid, "pid");
  const int first = (other_user ? CLONE_NEWUSER : 0) | (other_pid ? CLONE_NEWPID : 0);
  if (first != 0 && ::setns(target.get(), first) != 0) {
    throw SysError("cannot join the container's namespaces");
  }
  if (other_user) linux::become_namespace_root();

  ChildPlan plan;
  plan.process = plan_process(*request.process, request.options, gather_facts());
  plan.wait_for_parent = request.options.before_setup != nullptr;
  plan.join.push_back({target.get(), differing_namespaces(request.target.pid), "of the container"});
  const child::ExecVectors vectors(plan.process);
  child::ChildResources resources;
  resources.vectors = &vectors;
  fill_streams(request.options, resources);
  linux::SocketPair sockets = linux::make_socketpair(SOCK_SEQPACKET);
  resources.socket = sockets.second.get();
  resources.parent_socket = sockets.first.get();
  Cloned cloned = clone_process(0, request.options.cgroup, !plan.process.oom_score_adjustment);
  if (cloned.pid == 0) child::run_joining(plan, resources);
  StartedProcess started(linux::Child(cloned.pid), std::move(cloned.pidfd));
  sockets.second.reset();
  if (plan.wait_for_parent) {
    request.options.before_setup(cloned.pid);
    say_go(sockets.first.get());
  }
  Conversation(started, std::move(sockets.first)).finish();
  return started;
}

}  // namespace coracle::runtime
