// SPDX-License-Identifier: Apache-2.0
// How a process comes into namespaces of others (setns(2)).
#pragma once

#include <vector>

#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// Joins namespaces: those that our own rights are enough for, the user namespace, and then those
/// that belong to it.
/// @param steps  a user namespace among them is the first
/// @returns nullptr, or the one that cannot be joined, with errno
const NamespaceStep* join_namespaces(const std::vector<NamespaceStep>& steps) noexcept;

void become_root_of_namespace(int socket) noexcept;

/// What a process writes to its own directory in /proc before it hides: from then on that belongs
/// to root.
/// @param proc  the host's
/// @returns the descriptor for make_time_namespace()
int prepare_and_hide(const ChildPlan& plan, int proc, int socket) noexcept;

/// Of the process between (ChildPlan::joins_before_birth): its child will be born in there.
void enter_namespaces_for_child(const ChildPlan& plan, int proc, int socket) noexcept;

/// Of the process itself, what is left of it.
void enter_namespaces(const ChildPlan& plan, int socket) noexcept;

}  // namespace coracle::runtime::child
