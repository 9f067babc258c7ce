// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "archive/huffman.hpp"

namespace coracle::archive {

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
