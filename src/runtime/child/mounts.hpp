// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// Descriptors that the child fills; the parent sizes it beforehand so that nothing is allocated.
struct MountSources {
  std::vector<int> mounts;   ///< one for each MountStep: a detached copy of its source, or -1
  std::vector<int> devices;  ///< one for each DeviceStep that is bound, or -1
};

/// Takes hold of what will be bound, while the host's tree is still the root.
void open_sources(const ChildPlan& plan, MountSources& sources, int socket) noexcept;
/// Carries out the mounts in order, inside the container's root.
void apply_mounts(const ChildPlan& plan, MountSources& sources, int host_root, int socket) noexcept;
void apply_devices(const ChildPlan& plan, MountSources& sources, int host_root, int socket) noexcept;
void apply_masked_paths(const ChildPlan& plan, int socket) noexcept;
void apply_readonly_paths(const ChildPlan& plan, int socket) noexcept;
void make_root_readonly(int socket) noexcept;

/// Sets attributes and propagation of a mount: of the detached or attached mount `descriptor`, or by
/// its path where the kernel lacks mount_setattr(2).
bool set_attributes(int descriptor, const char* path, const MountAttributes& attributes) noexcept;

/// A detached copy of the mount at `path` (open_tree(2)); -1 with errno set, ENOSYS on old kernels.
int clone_mount(int directory, const char* path, bool recursive) noexcept;
/// Attaches a detached mount to `target`.
bool attach_mount(int mount, const char* target) noexcept;

}  // namespace coracle::runtime::child
