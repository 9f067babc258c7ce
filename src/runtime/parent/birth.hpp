// SPDX-License-Identifier: Apache-2.0
// How the parent brings a process into being, be it a container's first or one that joins it.
#pragma once

#include "coracle/runtime/container.hpp"
#include "runtime/child/entry.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::runtime {

HostFacts gather_host_facts();

struct Birth {
  void (*entry)(const ChildPlan&, child::ChildResources&) noexcept;  ///< does not return
  int namespaces = 0;                                                ///< CLONE_NEW… flags
  /// Whether other processes may be kept from looking into it at once. Not for one whose files in
  /// /proc are still to be written: as a user's, they would belong to root. It hides itself then.
  bool hidden = true;
};

struct Newborn {
  StartedProcess started;
  linux::Fd socket;  ///< to the child's, for the conversation
};

/// Clones a process that carries out `plan`. It waits for the parent if the plan says so.
Newborn give_birth(const ChildPlan& plan, const ProcessOptions& options, const Birth& birth);

}  // namespace coracle::runtime
