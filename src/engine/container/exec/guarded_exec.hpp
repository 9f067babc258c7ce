// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "coracle/linux/process.hpp"
#include "engine/container/exec/exec_plan.hpp"

namespace coracle::engine {

/// Starts a program in a container that has no pid namespace with which it would end. A process
/// stands for it that ends as it does, and ends it, and all that it has left running, with the
/// container.
/// @param first  the container's first process
/// @throws as ExecPlan::start()
runtime::StartedProcess start_guarded(ExecPlan& plan, const runtime::StandardStreams& streams,
                                      const linux::ProcessIdentity& first);

}  // namespace coracle::engine
