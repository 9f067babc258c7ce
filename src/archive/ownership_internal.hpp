// SPDX-License-Identifier: Apache-2.0
// Owners that this user namespace does not map: what is recorded in their stead.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coracle::archive {

/// "UID:GID" of an entry whose owner could not be given to it.
inline constexpr const char* k_owner_attribute = "user.coracle.owner";

inline std::string format_owner(std::int64_t uid, std::int64_t gid) {
  return std::to_string(uid) + ":" + std::to_string(gid);
}

/// Attributes with which overlayfs, fuse-overlayfs and this engine keep their own books: they never
/// travel in layers.
inline bool is_private_attribute(std::string_view name) {
  return name.starts_with("user.overlay.") || name.starts_with("trusted.overlay.") ||
         name.starts_with("user.fuseoverlayfs.") || name.starts_with("user.coracle.");
}

}  // namespace coracle::archive
