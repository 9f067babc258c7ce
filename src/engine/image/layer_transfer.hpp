// SPDX-License-Identifier: Apache-2.0
// The layers of an image on their way into the store, several at once: each is fetched, verified,
// decompressed, hashed and unpacked as it comes, without a copy in between.
#pragma once

#include <memory>

#include "coracle/archive/stream.hpp"
#include "coracle/engine/transfers.hpp"
#include "coracle/oci/image_config.hpp"
#include "coracle/oci/manifest.hpp"
#include "engine/image/addition.hpp"

namespace coracle::engine {

/// Where blobs come from that the store does not have.
class BlobOrigin {
 public:
  virtual ~BlobOrigin() = default;
  /// The bytes of a blob from `offset` on. Called by several threads.
  virtual std::unique_ptr<archive::ByteSource> open(const oci::Descriptor& blob,
                                                    std::uint64_t offset) const = 0;
};

/// Afterwards the store has all layers of the image, packed and unpacked.
/// @param origin  nullptr when the store has the blobs
/// @throws Error naming the blob
void take_layers(ImageAddition& addition, const oci::Manifest& manifest,
                 const oci::ImageConfig& config, const BlobOrigin* origin,
                 TransferObserver& observer, const linux::Cancellation& cancellation);

}  // namespace coracle::engine
