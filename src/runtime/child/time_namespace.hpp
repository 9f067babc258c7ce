// SPDX-License-Identifier: Apache-2.0
// A time namespace of the container's own (time_namespaces(7)): clone(2) would put its first
// process into it at once, when it is too late for offsets.
#pragma once

#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// Opens the file that takes the offsets, as long as it may be written by this process.
/// @param proc  the host's /proc
/// @returns -1 where there are none to write
int open_time_offsets(const ChildPlan& plan, int proc, int socket) noexcept;
/// Makes the namespace, sets its clocks, and enters it. Closes `offsets`.
void make_time_namespace(const ChildPlan& plan, int offsets, int proc, int socket) noexcept;

}  // namespace coracle::runtime::child
