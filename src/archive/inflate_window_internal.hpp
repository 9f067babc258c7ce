// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string.h>

#include <algorithm>
#include <memory>
#include <span>

namespace coracle::archive {

inline constexpr std::size_t k_longest_match = 258;

/// What has been decoded: the last 32 KiB, which matches refer to, and what is still to be handed
/// out.
class InflateWindow {
 public:
  InflateWindow() : bytes_(std::make_unique<char[]>(k_window + k_longest_match + k_overrun)) {}

  char* next() noexcept { return bytes_.get() + filled_; }
  char* begin() noexcept { return bytes_.get(); }
  std::size_t room() const noexcept { return k_window - filled_; }
  /// How far back a match may reach.
  std::size_t history() const noexcept { return filled_ - start_; }
  void advance(std::size_t size) noexcept { filled_ += size; }
  void advance_to(const char* next) noexcept {
    filled_ = static_cast<std::size_t>(next - bytes_.get());
  }

  std::size_t hand_out(std::span<char> output) noexcept {
    const std::size_t size = std::min(output.size(), filled_ - handed_out_);
    ::memcpy(output.data(), bytes_.get() + handed_out_, size);
    handed_out_ += size;
    return size;
  }
  /// Makes room, once everything is handed out.
  void slide() noexcept {
    if (handed_out_ != filled_ || filled_ <= k_history) return;
    const std::size_t cut = filled_ - k_history;
    ::memmove(bytes_.get(), bytes_.get() + cut, k_history);
    filled_ = handed_out_ = k_history;
    start_ = start_ > cut ? start_ - cut : 0;
  }
  /// A new member knows nothing of the one before.
  void forget() noexcept { start_ = filled_; }

 private:
  static constexpr std::size_t k_history = 32U << 10;
  static constexpr std::size_t k_window = 256U << 10;
  /// What a copy in steps of 16 bytes may write behind the match.
  static constexpr std::size_t k_overrun = 16;

  std::unique_ptr<char[]> bytes_;
  std::size_t filled_ = 0;
  std::size_t handed_out_ = 0;
  std::size_t start_ = 0;  ///< of the member
};

/// Writes up to 15 bytes more than it has to.
inline void copy_match(char* to, std::size_t distance, std::size_t length) noexcept {
  const char* from = to - distance;
  char* const end = to + length;
  if (distance >= 16) {
    do {
      ::memcpy(to, from, 16);
      to += 16;
      from += 16;
    } while (to < end);
  } else if (distance >= 8) {
    do {
      ::memcpy(to, from, 8);
      to += 8;
      from += 8;
    } while (to < end);
  } else if (distance == 1) {
    ::memset(to, *from, length);
  } else {
    do {
      *to++ = *from++;
    } while (to < end);
  }
}

}  // namespace coracle::archive
