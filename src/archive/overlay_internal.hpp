// SPDX-License-Identifier: Apache-2.0
// The marks that overlayfs and fuse-overlayfs leave in upper and lower directories.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

namespace coracle::archive {

inline bool is_whiteout(const struct stat& info) noexcept {
  return S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0);
}

inline bool is_opaque(int directory) noexcept {
  for (const char* name : {"user.overlay.opaque", "trusted.overlay.opaque", "user.fuseoverlayfs.opaque"}) {
    char value = 0;
    if (::fgetxattr(directory, name, &value, 1) == 1 && value == 'y') return true;
  }
  return false;
}

}  // namespace coracle::archive
