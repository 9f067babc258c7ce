// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// Opens a pseudo terminal of the container's own devpts, sends its master to the parent, and makes
/// its slave standard input, output and error and the controlling terminal of this session.
/// @param bind_console  show the slave as /dev/console too
void open_terminal(const ProcessPlan& process, bool bind_console, int socket) noexcept;

}  // namespace coracle::runtime::child
