// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string.h>

#include <algorithm>
#include <cstdint>
#include <span>

namespace coracle::archive {

/// The stream as bits, least significant first. Bits above count() are not part of it.
class BitReader {
 public:
  void give(std::span<const char> input) noexcept {
    next_ = input.data();
    end_ = next_ + input.size();
  }
  const char* position() const noexcept { return next_; }
  unsigned count() const noexcept { return count_; }
  std::uint64_t bits() const noexcept { return bits_; }

  /// Takes in whole bytes as long as there is room: then there are at least 56 bits, or all.
  void fill() noexcept {
    while (count_ < 56 && next_ != end_) {
      bits_ |= static_cast<std::uint64_t>(static_cast<unsigned char>(*next_++)) << count_;
      count_ += 8;
    }
  }
  /// Whether there are so many bits, at most 56.
  bool has(unsigned wanted) noexcept {
    if (count_ < wanted) fill();
    return count_ >= wanted;
  }
  void drop(unsigned number) noexcept {
    bits_ >>= number;
    count_ -= number;
  }
  std::uint32_t take(unsigned number) noexcept {
    const auto value = static_cast<std::uint32_t>(bits_ & ((1ULL << number) - 1));
    drop(number);
    return value;
  }
  void drop_to_byte() noexcept { drop(count_ % 8); }
  /// Bytes of the input itself; only when no bits are left.
  std::size_t take_bytes(char* to, std::size_t size) noexcept {
    const std::size_t taken = std::min(size, static_cast<std::size_t>(end_ - next_));
    ::memcpy(to, next_, taken);
    next_ += taken;
    return taken;
  }

  // For decode_fast(), which holds the members in registers.
  const char* end() const noexcept { return end_; }
  void resume(const char* next, std::uint64_t bits, unsigned count) noexcept {
    next_ = next;
    // What was loaded beyond count is in the input still.
    bits_ = bits & ((1ULL << count) - 1);
    count_ = count;
  }

 private:
  const char* next_ = nullptr;
  const char* end_ = nullptr;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
};

}  // namespace coracle::archive
