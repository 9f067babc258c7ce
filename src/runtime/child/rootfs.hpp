// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/child/mount_target.hpp"
#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// Stops mount events from and to the host, mounts the root file system, and makes it the root. The
/// host's tree stays the working directory until leave_host_root().
Roots enter_rootfs(const ChildPlan& plan, int socket) noexcept;

/// Detaches the host's tree from the container's mount namespace.
void leave_host_root(const ChildPlan& plan, const Roots& roots, int socket) noexcept;

/// The two trees of a container without a mount namespace. The host's becomes the working directory
/// until change_root().
Roots open_directory_as_root(const ChildPlan& plan, int socket) noexcept;

/// Makes the directory the root. Nothing is left open that is outside of it.
void change_root(const Roots& roots, int socket) noexcept;

}  // namespace coracle::runtime::child
