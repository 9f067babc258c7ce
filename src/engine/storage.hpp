// SPDX-License-Identifier: Apache-2.0
// How a container's root file system is put together.
#pragma once

#include <string>

#include "coracle/engine/context.hpp"
#include "coracle/linux/rootfs_plan.hpp"

namespace coracle::engine {

/// The directories of the image's layers, the topmost first.
std::vector<std::string> layer_directories(Context& context, const store::ContainerConfig& config);
/// The directories that make up a container's root file system, the topmost first.
std::vector<std::string> root_directories(Context& context, const store::ContainerConfig& config);

enum class MountPoints { below, left_out };
/// The plan for a container's root. With id mappings of its own the layers are shown shifted, which
/// only fuse-overlayfs can do for an ordinary user.
/// @param mount_points  whether the layer of mount points is below the image's
linux::RootfsPlan plan_rootfs(Context& context, const store::ContainerConfig& config,
                              MountPoints mount_points = MountPoints::below);

/// Leaves out what a layer of an image has below itself once more: overlayfs takes no directory
/// twice (ELOOP), and all that it would show there the upper one shows.
/// @throws Error invalid_argument when there are more layers than the driver lays on each other
void settle_layers(linux::RootfsPlan& plan);

/// "uidmapping=…" for fuse-overlayfs: how ids of the image appear in the engine's namespace so that
/// the container, whose ids are mapped by `container`, sees them as the image has them.
std::string shift_option(const char* option, const std::vector<linux::IdRange>& container);

}  // namespace coracle::engine
