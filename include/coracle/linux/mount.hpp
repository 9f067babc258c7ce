// SPDX-License-Identifier: Apache-2.0
// Mounts by descriptors: a copy of one is nowhere until it is attached, and can be changed before
// anybody sees it (open_tree(2), mount_setattr(2), move_mount(2)). Functions whose names begin with
// try_ set errno where they fail, and allocate nothing: a container's child may call them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coracle/linux/fd.hpp"

namespace coracle::linux {

/// Whether what is mounted below a place is meant as well.
enum class Submounts { left_out, included };

/// A copy of the mount at `path`, whose root is what `path` leads to: a directory or a file. It
/// goes with its descriptor unless it is attached.
/// @param path  from `directory`; "" is `directory` itself, which may be an O_PATH descriptor
/// @returns an invalid Fd when it fails
Fd try_clone_mount(int directory, const char* path, Submounts submounts) noexcept;
/// The same of an open file or directory.
/// @param name  of `place`, for messages
/// @throws SysError
Fd clone_mount(int place, Submounts submounts, std::string_view name);

/// Attaches a mount that is nowhere to the open file or directory `place`.
bool try_attach_mount(int mount, int place) noexcept;
/// The same by a path, whose last component is no symbolic link.
bool try_attach_mount(int mount, const std::string& place) noexcept;
/// @param name  of `place`, for messages
/// @throws SysError
void attach_mount(int mount, int place, std::string_view name);
void attach_mount(int mount, const std::string& place);

/// Changes what a mount allows. `mount` is its root, attached or not.
/// @param set, clear  MOUNT_ATTR_*; what is in neither stays as it is, as it may be locked. Whoever
///                    sets one of the ways to keep times of access takes back the others
bool try_change_mount(int mount, std::uint64_t set, std::uint64_t clear,
                      Submounts submounts) noexcept;
/// @param kind  MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE: mount_namespaces(7)
bool try_set_propagation(int mount, unsigned long kind, Submounts submounts) noexcept;
/// Shows the files of a mount that is nowhere yet with their owners mapped as in a user namespace.
bool try_map_mount_owners(int mount, int user_namespace,
                          Submounts submounts = Submounts::included) noexcept;

/// Whether something is mounted on the path in this mount namespace; its last component is not
/// followed. Asks the kernel alone, never a file system that might not answer (statx(2)).
bool is_mount_point(const std::string& path) noexcept;
/// Whether the open file or directory is the root of a mount.
bool is_mount_point(int place) noexcept;

}  // namespace coracle::linux
