// SPDX-License-Identifier: Apache-2.0
// Decoding tables for the codes of DEFLATE (RFC 1951, section 3.2.2): the next bits of the stream
// are the index of an entry that says what they mean, and how many of them.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace coracle::archive {

/// An entry of a table: the value in the upper half; below, what kind it is, the length of the
/// code, and the number of bits of code and extra bits together.
class HuffmanEntry {
 public:
  enum Kind : std::uint32_t {
    base = 0,             ///< a base value, to which the extra bits are added
    literal = 1U << 15,   ///< the value is a byte
    subtable = 1U << 14,  ///< the code is longer: the value is where its further bits are looked
                          ///< up, the number of these is in the place of the code's length
    end = 1U << 13,      ///< of the block
    invalid = 1U << 12,  ///< no code begins like that
  };

  constexpr HuffmanEntry() = default;
  constexpr HuffmanEntry(Kind kind, std::uint32_t value, std::uint32_t extra_bits,
                         std::uint32_t code_bits)
      : bits_(value << 16 | kind | code_bits << 8 | (code_bits + extra_bits)) {}

  bool is(Kind kind) const noexcept { return (bits_ & kind) != 0; }
  /// Neither literal nor base value.
  bool is_special() const noexcept { return (bits_ & (subtable | end | invalid)) != 0; }
  std::uint32_t value() const noexcept { return bits_ >> 16; }
  unsigned code_bits() const noexcept { return bits_ >> 8 & 15; }
  unsigned all_bits() const noexcept { return bits_ & 255; }
  /// The value with its extra bits, which follow the code at the low end of `stream`.
  std::uint32_t value_in(std::uint64_t stream) const noexcept {
    return value() +
           static_cast<std::uint32_t>((stream & ((1ULL << all_bits()) - 1)) >> code_bits());
  }

 private:
  std::uint32_t bits_ = invalid;
};

inline constexpr unsigned k_max_code_bits = 15;

/// What a symbol means.
struct HuffmanSymbol {
  HuffmanEntry::Kind kind;
  std::uint16_t value;
  std::uint8_t extra_bits;
};

/// @tparam k_bits     of the first look-up
/// @tparam k_symbols  at most
template <unsigned k_bits, unsigned k_symbols>
class HuffmanTable {
 public:
  enum class Problem { none, over_subscribed, incomplete };

  /// Makes the table for codes of these lengths, 0 for symbols that do not occur. An incomplete set
  /// is tolerated when it has one code of one bit, or none, as zlib does.
  Problem build(std::span<const std::uint8_t> lengths, const HuffmanSymbol* symbols);

  HuffmanEntry first(std::uint64_t stream) const noexcept {
    return entries_[stream & ((1U << k_bits) - 1)];
  }
  /// The entry for a code that is longer than k_bits.
  HuffmanEntry further(HuffmanEntry pointer, std::uint64_t stream) const noexcept {
    return entries_[pointer.value() + (stream >> k_bits & ((1U << pointer.code_bits()) - 1))];
  }

 private:
  void fill(std::size_t start, unsigned table_bits, std::uint32_t code, unsigned code_bits,
            HuffmanEntry entry);

  // Each code that is longer than k_bits has at most a table of its own.
  std::array<HuffmanEntry, (1U << k_bits) + k_symbols*(1U << (k_max_code_bits - k_bits))> entries_;
};

}  // namespace coracle::archive

#include "archive/huffman_build.hpp"
