// SPDX-License-Identifier: Apache-2.0
// The checks of `system doctor`, by what they are about.
#pragma once

#include <vector>

#include "coracle/engine/doctor.hpp"
#include "coracle/linux/user_namespace_trial.hpp"

namespace coracle::engine {

using HostChecks = std::vector<HostCheck>;

/// User namespaces, subordinate ids and who maps them.
/// @param rung  that is taken all the same
void check_ids(const Context& context, const linux::NamespaceTrial& trial, Rung rung,
               HostChecks& checks);
/// Storage drivers, and where the store is.
void check_storage(Context& context, HostChecks& checks);
/// Kernel, control groups, filters, security modules, and what is around us.
void check_kernel(const Context& context, const linux::NamespaceTrial& trial, HostChecks& checks);
/// What carries packets, and which ports may be published.
void check_network(const Context& context, HostChecks& checks);

}  // namespace coracle::engine
