// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/file_identity.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/runtime/cgroup.hpp"
#include "coracle/runtime/container.hpp"
#include "coracle/runtime/resctrl.hpp"
#include "runtime/parent/birth.hpp"
#include "runtime/parent/conversation.hpp"
#include "runtime/parent/filter_listener.hpp"
#include "runtime/parent/security_modules.hpp"

namespace coracle::runtime {
namespace {

bool same_namespace(pid_t pid, const char* name) {
  struct stat ours {};
  struct stat theirs {};
  const std::string path = fmt::format("/proc/{}/ns/{}", pid, name);
  const std::string own = fmt::format("/proc/self/ns/{}", name);
  return ::stat(own.c_str(), &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 &&
         linux::is_same_file(ours, theirs);
}

/// A kernel may have no time namespaces at all.
bool differs_in_time(pid_t pid) {
  return linux::exists("/proc/self/ns/time") && !same_namespace(pid, "time");
}

/// A namespace shared with the host belongs to its user namespace: joining it again is refused.
int differing_namespaces(pid_t pid) {
  int flags = CLONE_NEWNS;
  if (!same_namespace(pid, "net")) flags |= CLONE_NEWNET;
  if (!same_namespace(pid, "ipc")) flags |= CLONE_NEWIPC;
  if (!same_namespace(pid, "uts")) flags |= CLONE_NEWUTS;
  if (!same_namespace(pid, "cgroup")) flags |= CLONE_NEWCGROUP;
  if (differs_in_time(pid)) flags |= CLONE_NEWTIME;
  return flags;
}

/// While this lives, children are born with that oom_score_adj (proc(5)). One that is hidden from
/// the container's processes could not set it for itself.
class InheritedOomScore {
 public:
  explicit InheritedOomScore(std::optional<int> wanted) {
    if (!wanted) return;
    file_ = linux::open_file("/proc/self/oom_score_adj", O_RDWR);
    before_ = linux::read_all(file_.get(), 32);
    write(std::to_string(*wanted));
  }
  ~InheritedOomScore() {
    if (file_) (void)!::pwrite(file_.get(), before_.data(), before_.size(), 0);
  }
  InheritedOomScore(const InheritedOomScore&) = delete;
  InheritedOomScore& operator=(const InheritedOomScore&) = delete;

 private:
  void write(const std::string& score) const {
    if (::pwrite(file_.get(), score.data(), score.size(), 0) < 0) {
      throw SysError("cannot set the OOM score adjustment {}", score);
    }
  }

  linux::Fd file_;  ///< opened before this process becomes somebody else
  std::string before_;
};

/// While this lives, children are born on those processors (config.md, "execCPUAffinity"): before
/// they are in the container's group, which may leave them others only.
class InheritedAffinity {
 public:
  explicit InheritedAffinity(const oci::Process& process) {
    if (!process.exec_cpu_affinity || process.exec_cpu_affinity->initial.empty()) return;
    const AffinityStep wanted =
        plan_affinity(process.exec_cpu_affinity->initial, "execCPUAffinity.initial");
    cpu_set_t before{};
    if (::sched_getaffinity(0, sizeof before, &before) != 0 ||
        ::sched_setaffinity(0, sizeof wanted.processors, &wanted.processors) != 0) {
      throw SysError("cannot run on CPUs '{}'", wanted.list);
    }
    before_ = before;
  }
  ~InheritedAffinity() {
    if (before_) ::sched_setaffinity(0, sizeof *before_, &*before_);
  }
  InheritedAffinity(const InheritedAffinity&) = delete;
  InheritedAffinity& operator=(const InheritedAffinity&) = delete;

 private:
  std::optional<cpu_set_t> before_;
};

ChildPlan plan_joining(const ExecRequest& request) {
  ChildPlan plan;
  plan.process = plan_process(*request.process, request.options, gather_host_facts());
  if (request.container != nullptr) plan_common_attributes(*request.container, plan.process);
  const auto& affinity = request.process->exec_cpu_affinity;
  if (affinity && !affinity->final.empty()) {
    plan.process.scheduling.affinity = plan_affinity(affinity->final, "execCPUAffinity.final");
  }
  plan.wait_for_parent = request.options.before_setup != nullptr;
  plan.chroot_only = !request.chroot.empty();
  plan.rootfs.mount_point = request.chroot;
  return plan;
}

}  // namespace

bool enters_user_namespace(const linux::ProcessIdentity& target) {
  return !same_namespace(target.pid, "user");
}

std::unique_ptr<Cgroup> open_group_for_exec(const std::string& path,
                                            const linux::ProcessIdentity& target, bool is_scope,
                                            ProcessOptions& options) {
  auto group = open_cgroup(path);
  // As root of another user namespace nobody is born into a group that is not its own, nor from a
  // session into one that systemd has made.
  if (is_scope || enters_user_namespace(target)) {
    group->prepare_join();
  } else {
    options.cgroup = group->unified_fd();
  }
  return group;
}

StartedProcess exec(const ExecRequest& request) {
  linux::Fd target = linux::open_pidfd(request.target);
  if (!target) {
    throw Error(ErrorClass::conflict, "process {} of the container has ended", request.target.pid);
  }
  check_security_modules(*request.process, "");
  linux::Fd agent = reach_agent(request.options.seccomp);
  if (request.container != nullptr && request.container->intel_rdt) {
    // The child inherits it, and may belong to somebody who may not join by then.
    join_resctrl_group(resctrl_mount_point(), *request.container->intel_rdt, request.state.id,
                       ::getpid());
  }
  const InheritedOomScore oom_score(request.process->oom_score_adj);
  const bool joins = request.chroot.empty();
  const bool other_user = enters_user_namespace(request.target);
  const bool other_pid = joins && !same_namespace(request.target.pid, "pid");
  const int first = (other_user ? CLONE_NEWUSER : 0) | (other_pid ? CLONE_NEWPID : 0);
  // From then on a container's root may look at us as at its own processes, and we are still in the
  // host's directories: as long as we live.
  if (other_user) ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  if (first != 0 && ::setns(target.get(), first) != 0) {
    throw SysError("cannot join the container's namespaces");
  }
  if (other_user) linux::become_namespace_root();

  ChildPlan plan = plan_joining(request);
  const InheritedAffinity affinity(*request.process);
  if (joins) {
    plan.join.push_back(
        {target.get(), differing_namespaces(request.target.pid), "of the container"});
  }
  auto [started, socket] = give_birth(plan, request.options, {child::run_joining, 0, true});
  Conversation conversation(started, std::move(socket));
  conversation.use_state(request.state);
  conversation.use_filter(request.options.seccomp, std::move(agent));
  if (plan.wait_for_parent) {
    request.options.before_setup(started.process.pid());
    conversation.say_go();
  }
  conversation.finish();
  return std::move(started);
}

}  // namespace coracle::runtime
