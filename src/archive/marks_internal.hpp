// SPDX-License-Identifier: Apache-2.0
// Names by which layers, overlayfs, fuse-overlayfs and this engine mark what is gone and what is
// whose.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <string_view>

namespace coracle::archive {

// In archives (image-spec layer.md, "Whiteouts").
inline constexpr std::string_view k_whiteout_prefix = ".wh.";
inline constexpr std::string_view k_opaque_name = ".wh..wh..opq";
/// aufs' own books (".wh..wh.plnk", ".wh..wh.aufs"), which old archives hold.
inline constexpr std::string_view k_aufs_prefix = ".wh..wh.";

/// How both overlay file systems mark a removed name; and how this engine does in a store that is
/// itself on an overlay, which takes no such device: by a socket without permissions, which no
/// layer has. There the driver is vfs.
inline bool is_whiteout(const struct stat& info) noexcept {
  return (S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0)) || info.st_mode == S_IFSOCK;
}
/// @returns false with errno set
bool try_make_whiteout(int directory, const char* name) noexcept;

/// What fuse-overlayfs puts into an opaque directory besides the attribute. The directory itself
/// says it all.
inline constexpr const char* k_opaque_books[] = {k_opaque_name.data(), ".wh..opq"};
inline bool is_opaque_book(std::string_view name) noexcept {
  return name == k_opaque_books[0] || name == k_opaque_books[1];
}

/// Whether a directory hides what the layers below have in it.
bool is_opaque(int directory) noexcept;
/// Whether this process may set trusted.* attributes: the machine's root (xattr(7)).
bool may_set_trusted();
/// @param trusted  whether that is so
/// @throws SysError when neither overlay file system could read a mark there
void set_opaque(int directory, bool trusted);

/// Takes the marks of a directory away.
void clear_opaque(int directory) noexcept;

/// Attributes with which overlayfs, fuse-overlayfs and this engine keep their own books: they never
/// travel in layers.
bool is_private_attribute(std::string_view name) noexcept;

}  // namespace coracle::archive
