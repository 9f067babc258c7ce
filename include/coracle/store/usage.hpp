// SPDX-License-Identifier: Apache-2.0
// What the store takes on the disk, for `system df`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coracle/store/image_store.hpp"

namespace coracle::store {

/// The layers of an image, unpacked, in bytes.
struct ImageUsage {
  ImageSummary image;
  std::uint64_t shared = 0;  ///< layers that other images have, too
  std::uint64_t unique = 0;  ///< what the image's removal would free
};

struct ImagesUsage {
  std::vector<ImageUsage> images;
  std::uint64_t total = 0;  ///< every layer counted once
};

/// Reads the configuration of every image. One that cannot be read counts with the size that
/// listings show, all of it its own.
ImagesUsage measure_images(const ImageStore& images);

/// Bytes that the files below a directory take on the disk; hard links count once. 0 if it is not
/// there. Files of subordinate ids can be read in the user namespace of containers only.
std::uint64_t measure_tree(const std::string& path);

}  // namespace coracle::store
