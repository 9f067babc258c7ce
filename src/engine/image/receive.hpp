// SPDX-License-Identifier: Apache-2.0
// An image into the store, wherever it comes from.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "coracle/oci/index.hpp"
#include "engine/image/layer_transfer.hpp"

namespace coracle::engine {

struct IncomingImage {
  std::string manifest;  ///< verified
  Digest digest;         ///< of the manifest
  std::string index;     ///< the multi-platform index that it is chosen from; may be empty
  std::vector<std::string> names;
  std::string platform;  ///< what was asked for; empty: this machine's
};

/// Fetches what the store lacks, and adds the image. What has come when that is interrupted is kept
/// for another attempt, unless it is damaged, or the user has interrupted it.
/// @param origin  nullptr when the store has the blobs
/// @returns the image's id
std::string receive_image(ImageAddition& addition, const IncomingImage& image,
                          const BlobOrigin* origin, TransferObserver& observer,
                          const linux::Cancellation& cancellation);

/// Where the manifest is an index, puts the one for the platform in its place.
/// @param fetch  brings a manifest, verified
void choose_from_index(IncomingImage& image,
                       const std::function<std::string(const Digest&)>& fetch);

/// The entry for a platform, as --platform takes it.
/// @throws Error not_found in podman's words
const oci::Descriptor& choose_platform(const oci::Index& index, const std::string& platform);

}  // namespace coracle::engine
