// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "coracle/linux/mount.hpp"
#include "runtime/child/mount_target.hpp"
#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// Descriptors that the child fills; the parent sizes it beforehand so that nothing is allocated.
struct MountSources {
  /// One for each MountStep: a detached copy of its source, or -1. Of a file system the root, while
  /// it waits for finish_mounts().
  std::vector<int> mounts;
  std::vector<int> devices;  ///< one for each DeviceStep that is bound, or -1
};

/// Takes hold of what will be bound, while the host's tree is still the root.
void open_sources(const ChildPlan& plan, MountSources& sources, int socket) noexcept;
/// Carries out the mounts in order, inside the container's root.
void apply_mounts(const ChildPlan& plan, MountSources& sources, const Roots& roots,
                  int socket) noexcept;
void apply_devices(const ChildPlan& plan, MountSources& sources, const Roots& roots,
                   int socket) noexcept;
/// Makes read-only what had to be written to until now.
void finish_mounts(const ChildPlan& plan, const MountSources& sources, int socket) noexcept;
void apply_masked_paths(const ChildPlan& plan, const Roots& roots, int socket) noexcept;
void apply_readonly_paths(const ChildPlan& plan, const Roots& roots, int socket) noexcept;
void make_root_readonly(const Roots& roots, int socket) noexcept;

/// Sets attributes of the mount that `descriptor` is the root of, detached or attached. Without
/// mount_setattr(2) (before 5.12) it must be attached: ENOSYS otherwise.
bool set_attributes(int descriptor, const MountAttributes& attributes) noexcept;
/// The propagation of a mount, and of those below it.
/// @param kind  MS_SLAVE and the like
bool change_propagation(int descriptor, unsigned long kind, linux::Submounts submounts) noexcept;

}  // namespace coracle::runtime::child
