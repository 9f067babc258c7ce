// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/runtime/container.hpp"
#include "coracle/runtime/resctrl.hpp"
#include "runtime/child/rootfs.hpp"
#include "runtime/init/reaper_image.hpp"
#include "runtime/parent/birth.hpp"
#include "runtime/parent/cgroup_mounts.hpp"
#include "runtime/parent/conversation.hpp"
#include "runtime/parent/filter_listener.hpp"
#include "runtime/parent/id_ranges.hpp"
#include "runtime/parent/mapped_mounts.hpp"
#include "runtime/parent/security_modules.hpp"
#include "runtime/seccomp/foresee.hpp"

namespace coracle::runtime {
namespace {

void note_file_sources(ChildPlan& plan) {
  for (auto& step : plan.mounts) {
    if (step.kind != MountStep::Kind::bind || step.tree >= 0) continue;
    struct stat info {};
    if (::stat(step.source.c_str(), &info) != 0) {
      throw SysError("cannot open mount source '{}'", step.source);
    }
    step.target_is_file = !S_ISDIR(info.st_mode);
  }
}

/// What the process waits for before anything else.
void prepare_process(const CreateRequest& request, const ChildPlan& plan,
                     const std::optional<ResctrlGroup>& resctrl, pid_t pid) {
  if (request.process.before_setup) request.process.before_setup(pid);
  if (resctrl) resctrl->add(pid);
  if (!plan.own_user_namespace) return;
  const linux::IdMappings mappings{to_ranges(request.spec->linux.uid_mappings),
                                   to_ranges(request.spec->linux.gid_mappings)};
  linux::MappingWriter(pid, mappings).finish();
}

/// Not one whose listener the parent that waits now has to take.
bool forbids_waiting(const SeccompProgram* filter) {
  if (filter == nullptr || filter->notify) return false;
  constexpr long k_calls[] = {SYS_sendmsg, SYS_recvmsg, SYS_accept4, SYS_close, SYS_prctl};
  return std::ranges::any_of(
      k_calls, [&](long call) { return !lets_through(*filter, static_cast<int>(call)); });
}

}  // namespace

StartedProcess create(const CreateRequest& request) {
  if (const auto changed = with_cgroup_mounts(*request.spec, request.cgroup_path)) {
    CreateRequest known = request;
    known.spec = &*changed;
    return create(known);
  }
  const NamespacePlan namespaces = plan_namespaces(request.spec->linux);
  ChildPlan plan = plan_container(request, namespaces, gather_host_facts());
  check_security_modules(*request.spec->process, request.spec->linux.mount_label);
  plan.holds_before_filter = plan.wait_when_ready && forbids_waiting(request.process.seccomp);
  linux::Fd agent = reach_agent(request.process.seccomp);
  const std::vector<linux::Fd> mapped = map_owners_of_mounts(*request.spec, plan);
  note_file_sources(plan);
  linux::Fd reaper;
  if (request.first != FirstProcess::program) {
    reaper = load_reaper();
    plan.process.reaper = reaper.get();
  }
  int flags = namespaces.create;
  if (request.process.before_setup) {
    // The namespace's root is the group its maker is in (cgroup_namespaces(7)): first the group.
    plan.create_after_join = flags & CLONE_NEWCGROUP;
    flags &= ~CLONE_NEWCGROUP;
  }
  std::vector<linux::Fd> joined;
  for (const auto& entry : namespaces.join) {
    joined.push_back(linux::open_file(entry.path, O_RDONLY));
    plan.join.push_back({joined.back().get(), clone_flag(entry.type), entry.path});
  }
  std::optional<ResctrlGroup> resctrl;
  if (const auto& wanted = request.spec->linux.intel_rdt) {
    resctrl.emplace(resctrl_mount_point(), *wanted, request.id);
  }
  const bool hidden =
      !plan.own_user_namespace && !plan.process.oom_score_adjustment && plan.time_offsets.empty();
  auto [started, socket] = give_birth(plan, request.process, {child::run_container, flags, hidden});
  Conversation conversation(started, std::move(socket));
  if (plan.wait_for_parent) {
    prepare_process(request, plan, resctrl, started.process.pid());
    conversation.say_go();
  }
  conversation.use_hooks_of(request);
  conversation.use_filter(request.process.seccomp, std::move(agent));
  if (request.wait_for_start) {
    if (!conversation.reach_ready()) {
      throw Error(ErrorClass::unavailable, "the container's process ended before it was ready");
    }
  } else {
    conversation.finish();
  }
  if (resctrl) resctrl->keep();
  return std::move(started);
}

}  // namespace coracle::runtime
