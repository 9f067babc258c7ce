// SPDX-License-Identifier: Apache-2.0
// One decompression algorithm behind one interface. The stream around it reads, counts and refuses.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "coracle/oci/media_types.hpp"

namespace coracle::archive {

class Decoder {
 public:
  virtual ~Decoder() = default;

  struct Progress {
    std::size_t consumed = 0;
    std::size_t produced = 0;
  };
  /// Decodes a part of `input` into `output`. With an empty `input`, which means that none is left,
  /// it writes what it still holds.
  /// @throws Error invalid_argument for damaged data
  virtual Progress decode(std::span<const char> input, std::span<char> output) = 0;
  /// Whether the stream may end here: between two members or frames.
  virtual bool complete() const noexcept = 0;
};

/// @param compression  gzip, zstd, xz or bzip2
std::unique_ptr<Decoder> make_decoder(oci::Compression compression);

std::unique_ptr<Decoder> make_gzip_decoder();

}  // namespace coracle::archive
