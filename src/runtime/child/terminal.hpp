// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/child/mount_target.hpp"
#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// Opens a pseudo terminal of the container's own devpts, sends its master to the parent, and makes
/// its slave standard input, output and error and the controlling terminal of this session.
/// @param roots  of a container in the making, which gets the slave as /dev/console too; nullptr in
///               one that is ready
void open_terminal(const ProcessPlan& process, const Roots* roots, int socket) noexcept;

}  // namespace coracle::runtime::child
