// SPDX-License-Identifier: Apache-2.0
// Paths that somebody else chose, resolved inside a directory that they cannot leave (openat2(2),
// with a walk of our own where the kernel lacks it).
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "coracle/linux/fd.hpp"

namespace coracle::linux {

/// Opens `path` as a process with `root` as its root directory would: absolute paths and absolute
/// symbolic links start at `root`, ".." stops there. Magic links are refused. O_CLOEXEC is added.
/// @returns an invalid Fd with errno set when it fails
Fd try_open_in_root(int root, const std::string& path, int flags, mode_t mode = 0) noexcept;
/// The same; throws SysError naming the path.
Fd open_in_root(int root, const std::string& path, int flags, mode_t mode = 0);

/// Opens a regular file for reading, resolved as open_in_root does. Anything else is only looked
/// at: opening a device can do something, and opening a fifo can wait.
/// @returns an invalid Fd when there is no regular file, or it cannot be read
Fd try_open_regular_in_root(int root, const std::string& path) noexcept;
/// The same of a file that is open by O_PATH.
Fd try_reopen_regular(int file) noexcept;

/// Opens `path` below `root` without following any symbolic link in any component.
/// @returns an invalid Fd with errno set when it fails (ELOOP: a symbolic link is in the way)
Fd try_open_no_symlinks(int root, const std::string& path, int flags, mode_t mode = 0) noexcept;

/// Creates the directories of `path` that are missing, resolved in `root` as open_in_root does, and
/// opens the last one (O_PATH | O_DIRECTORY).
Fd ensure_directory_in_root(int root, std::string_view path, mode_t mode = 0755);

/// stat(2), where stat_if_exists() is lstat(2): of what links lead to. Nothing for a link to
/// nothing.
std::optional<struct stat> follow_if_exists(const std::string& path);
/// Behind the links that the last component of `path` may be; what the last one leads to need not
/// be there. Throws SysError (ELOOP) for links that lead to each other.
std::string follow_links(std::string path);

/// The path of an open descriptor, as /proc/self/fd names it.
std::string path_of(int fd);
/// "/proc/self/fd/N": for the calls that only take a path.
std::string proc_path(int fd);

}  // namespace coracle::linux
