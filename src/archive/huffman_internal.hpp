// SPDX-License-Identifier: Apache-2.0
// Decoding tables for the codes of DEFLATE (RFC 1951, section 3.2.2): the next bits of the stream
// are the index of an entry that says what they mean, and how many of them.
#pragma once

#include <algorithm>
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
    end = 1U << 13,       ///< of the block
    invalid = 1U << 12,   ///< no code begins like that
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

/// Codes begin with their most significant bit, the stream with its least (RFC 1951,
/// section 3.1.1).
inline std::uint32_t reverse_bits(std::uint32_t code, unsigned count) noexcept {
  std::uint32_t reversed = 0;
  for (unsigned i = 0; i < count; ++i) reversed |= (code >> i & 1) << (count - 1 - i);
  return reversed;
}

template <unsigned k_bits, unsigned k_symbols>
void HuffmanTable<k_bits, k_symbols>::fill(std::size_t start, unsigned table_bits,
                                           std::uint32_t code, unsigned code_bits,
                                           HuffmanEntry entry) {
  for (std::size_t i = code; i < std::size_t{1} << table_bits; i += std::size_t{1} << code_bits) {
    entries_[start + i] = entry;
  }
}

template <unsigned k_bits, unsigned k_symbols>
typename HuffmanTable<k_bits, k_symbols>::Problem HuffmanTable<k_bits, k_symbols>::build(
    std::span<const std::uint8_t> lengths, const HuffmanSymbol* symbols) {
  std::array<unsigned, k_max_code_bits + 1> count{};
  for (const auto length : lengths) ++count[length];
  count[0] = 0;
  unsigned longest = k_max_code_bits;
  while (longest > 0 && count[longest] == 0) --longest;

  int left = 1;
  for (unsigned bits = 1; bits <= k_max_code_bits; ++bits) {
    left = left * 2 - static_cast<int>(count[bits]);
    if (left < 0) return Problem::over_subscribed;
  }
  if (left > 0 && longest > 1) return Problem::incomplete;
  if (left > 0) std::fill_n(entries_.begin(), std::size_t{1} << k_bits, HuffmanEntry());

  // The first code of each length.
  std::array<std::uint32_t, k_max_code_bits + 2> next{};
  for (unsigned bits = 1; bits <= k_max_code_bits; ++bits) {
    next[bits + 1] = (next[bits] + count[bits]) << 1;
  }
  // How many further bits the codes with the same beginning have.
  std::array<std::uint8_t, 1U << k_bits> further_bits{};
  std::array<std::uint32_t, k_symbols> codes;
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    const unsigned length = lengths[symbol];
    if (length == 0) continue;
    codes[symbol] = reverse_bits(next[length]++, length);
    if (length <= k_bits) continue;
    auto& most = further_bits[codes[symbol] & ((1U << k_bits) - 1)];
    most = std::max<std::uint8_t>(most, static_cast<std::uint8_t>(length - k_bits));
  }
  std::size_t used = std::size_t{1} << k_bits;
  if (longest > k_bits) {
    for (std::size_t start = 0; start < further_bits.size(); ++start) {
      if (further_bits[start] == 0) continue;
      entries_[start] = HuffmanEntry(HuffmanEntry::subtable, static_cast<std::uint32_t>(used), 0,
                                     further_bits[start]);
      used += std::size_t{1} << further_bits[start];
    }
  }
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    const unsigned length = lengths[symbol];
    if (length == 0) continue;
    const HuffmanSymbol& meaning = symbols[symbol];
    const HuffmanEntry entry(meaning.kind, meaning.value, meaning.extra_bits, length);
    if (length <= k_bits) {
      fill(0, k_bits, codes[symbol], length, entry);
    } else {
      const HuffmanEntry pointer = entries_[codes[symbol] & ((1U << k_bits) - 1)];
      fill(pointer.value(), pointer.code_bits(), codes[symbol] >> k_bits, length - k_bits, entry);
    }
  }
  return Problem::none;
}

}  // namespace coracle::archive
