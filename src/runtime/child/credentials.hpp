// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// Resource limits: first, while the caller's own privileges hold.
void apply_rlimits(const ProcessPlan& process, int socket) noexcept;
/// Whether ours lets nobody set them (user_namespaces(7)).
/// @param proc  a /proc that has us
bool user_namespace_denies_groups(int proc) noexcept;
/// Before a filter that only says that they are set.
void apply_groups(const ProcessPlan& process, bool are_denied, int socket) noexcept;
/// Everything from the bounding set to the ambient set, in the one order that works
/// (capabilities(7)): gid, uid, and what the process may still do afterwards.
void apply_credentials(const ProcessPlan& process, int socket) noexcept;
/// "exec LABEL" for AppArmor or SELinux, through a descriptor of the host's /proc opened earlier.
/// @returns -1 where there is no label, too
int open_label_file(const ProcessPlan& process, int proc) noexcept;
void apply_security_label(const ProcessPlan& process, int label_file, int socket) noexcept;

}  // namespace coracle::runtime::child
