// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "coracle/engine/context.hpp"

namespace coracle::engine {

/// While this lives, images are added to the store: nothing that they need is collected meanwhile.
/// With it goes what no image needs, be it the rest of an archive or what a failure left. Moves the
/// process into the engine's user namespace.
class ImageAddition {
 public:
  explicit ImageAddition(Context& context);
  ~ImageAddition();
  ImageAddition(const ImageAddition&) = delete;
  ImageAddition& operator=(const ImageAddition&) = delete;

  Context& context() const noexcept { return context_; }
  /// Unpacks a blob unless its layer is there.
  /// @param below  diff ids of the layers below it, the lowest first
  void unpack(const Digest& blob, const Digest& diff_id, const std::vector<Digest>& below);
  /// For the warning at the end. May be called by several threads.
  void note_squashed_owners(std::uint64_t count) noexcept { squashed_owners_ += count; }

 private:
  Context& context_;
  std::optional<linux::FileLock> adding_;
  std::atomic<std::uint64_t> squashed_owners_ = 0;
};

}  // namespace coracle::engine
