// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/namespaces.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "coracle/linux/file_system_type.hpp"
#include "runtime/child/failure.hpp"
#include "runtime/child/time_namespace.hpp"

namespace coracle::runtime::child {
namespace {

using protocol::Step;

void set_oom_score(const ProcessPlan& process, int proc, int socket) noexcept {
  if (!process.oom_score_adjustment) return;
  char text[16];
  const int size = ::snprintf(text, sizeof text, "%d", *process.oom_score_adjustment);
  const int fd = ::openat(proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || !linux::is_on_procfs(fd) ||
      ::write(fd, text, static_cast<std::size_t>(size)) != size) {
    fail(socket, Step::oom_score, text);
  }
  ::close(fd);
}

void join_or_fail(const ChildPlan& plan, int socket) noexcept {
  const NamespaceStep* refused = join_namespaces(plan.join);
  if (refused != nullptr) fail(socket, Step::join_namespace, refused->path.c_str());
}

}  // namespace

const NamespaceStep* join_namespaces(const std::vector<NamespaceStep>& steps) noexcept {
  int joined = 0;
  if (!steps.empty() && (steps.front().flag & CLONE_NEWUSER) != 0) {
    // From within the user namespace those of others cannot be joined any more.
    for (const auto& step : steps) {
      if ((step.flag & CLONE_NEWUSER) == 0 && ::setns(step.descriptor, step.flag) == 0) {
        joined |= step.flag;
      }
    }
  }
  for (const auto& step : steps) {
    if ((joined & step.flag) == 0 && ::setns(step.descriptor, step.flag) != 0) return &step;
  }
  return nullptr;
}

void become_root_of_namespace(int socket) noexcept {
  check(socket, ::setresgid(0, 0, 0), Step::map_ids, "group 0");
  check(socket, ::setresuid(0, 0, 0), Step::map_ids, "user 0");
}

int prepare_and_hide(const ChildPlan& plan, int proc, int socket) noexcept {
  const int time_offsets = open_time_offsets(plan, proc, socket);
  set_oom_score(plan.process, proc, socket);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // Unless born so, see HiddenBirth.
  return time_offsets;
}

void enter_namespaces_for_child(const ChildPlan& plan, int proc, int socket) noexcept {
  ::prctl(PR_SET_NAME, "coracle:joining", 0, 0, 0);
  // Those who are in the user namespace may look into us, and into the child, from then on.
  const int time_offsets = plan.joins_user_namespace ? prepare_and_hide(plan, proc, socket) : -1;
  join_or_fail(plan, socket);
  if (plan.joins_user_namespace) make_time_namespace(plan, time_offsets, proc, socket);
}

void enter_namespaces(const ChildPlan& plan, int socket) noexcept {
  if (!plan.joins_before_birth) join_or_fail(plan, socket);
  for (const auto& step : plan.join) ::close(step.descriptor);
  // Who builds a file system opens the host's directories before, see build_file_system().
  if (plan.joins_user_namespace && !plan.own_mounts) become_root_of_namespace(socket);
  if (plan.create_after_join != 0) {
    check(socket, ::unshare(plan.create_after_join), Step::create_namespace, "");
  }
}

}  // namespace coracle::runtime::child
