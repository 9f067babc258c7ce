// SPDX-License-Identifier: Apache-2.0
// Layers of images, from tar to a directory that overlayfs mounts (image-spec layer.md).
#pragma once

#include <cstdint>
#include <functional>

#include "coracle/archive/stream.hpp"
#include "coracle/base/digest.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::archive {

struct UnpackReport {
  Digest diff_id;                   ///< of the plain tar
  std::uint64_t size = 0;           ///< of the plain tar, bytes
  std::uint64_t files = 0;
  std::uint64_t squashed_owners = 0;    ///< entries whose owner is not mapped here
  std::uint64_t skipped_devices = 0;    ///< device nodes that may not be made here
  std::uint64_t skipped_attributes = 0; ///< extended attributes that may not be set here
};

struct UnpackOptions {
  /// Opens a file of the layers below for reading: the target of a hard link that this layer does
  /// not hold. Invalid when there is none.
  std::function<linux::Fd(const std::string& path)> open_below;
};

/// Extracts a layer, plain or compressed, into the empty directory `directory`. Nothing an archive
/// holds is written outside it: no path is followed through a symbolic link that leads out. Owners
/// that are not mapped in this user namespace become its root and are recorded in the attribute
/// user.coracle.owner. Whiteouts become what overlayfs and fuse-overlayfs read.
/// @throws Error invalid_argument for a damaged or hostile archive; what was extracted stays, for
///         the caller to remove
UnpackReport unpack_layer(ByteSource& layer, int directory, const UnpackOptions& options = {});

}  // namespace coracle::archive
