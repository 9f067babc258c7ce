// SPDX-License-Identifier: Apache-2.0
// Mount points inside the container. Called in a chroot of its root file system, so that whatever
// symbolic links an image holds, they resolve inside it.
#pragma once

#include <sys/types.h>

namespace coracle::runtime::child {

/// mkdir -p. False with errno set.
bool make_directories(const char* path, mode_t mode) noexcept;
/// Makes sure that `path` is a directory, or else a file, creating what is missing. A dangling
/// symbolic link gets its target created (images link /etc/resolv.conf into /run).
bool ensure_target(const char* path, bool is_file) noexcept;

}  // namespace coracle::runtime::child
