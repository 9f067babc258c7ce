// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/time_namespace.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "runtime/child/failure.hpp"

namespace coracle::runtime::child {

using protocol::Step;

int open_time_offsets(const ChildPlan& plan, int proc, int socket) noexcept {
  if (plan.time_offsets.empty()) return -1;
  const int fd = ::openat(proc, "self/timens_offsets", O_WRONLY | O_CLOEXEC);
  return check(socket, fd, Step::time_offsets, "");
}

void make_time_namespace(const ChildPlan& plan, int offsets, int proc, int socket) noexcept {
  if (!plan.new_time_namespace) return;
  check(socket, ::unshare(CLONE_NEWTIME), Step::create_namespace, "time");
  const std::string& text = plan.time_offsets;
  if (offsets >= 0) {
    if (::write(offsets, text.data(), text.size()) < 0) fail(socket, Step::time_offsets, "");
    ::close(offsets);
  }
  const int made = ::openat(proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
  check(socket, made, Step::join_namespace, "time");
  check(socket, ::setns(made, CLONE_NEWTIME), Step::join_namespace, "time");
  ::close(made);
}

}  // namespace coracle::runtime::child
