// SPDX-License-Identifier: Apache-2.0
// What the symbols of DEFLATE's three codes mean (RFC 1951, sections 3.2.5 and 3.2.7).
#pragma once

#include "archive/huffman_internal.hpp"
#include "archive/inflate_window_internal.hpp"

namespace coracle::archive {

inline constexpr unsigned k_most_literals = 286;
inline constexpr unsigned k_most_distances = 30;
inline constexpr unsigned k_precodes = 19;

constexpr std::array<HuffmanSymbol, 288> make_literal_symbols() {
  std::array<HuffmanSymbol, 288> symbols{};
  for (unsigned i = 0; i < 256; ++i) {
    symbols[i] = {HuffmanEntry::literal, static_cast<std::uint16_t>(i), 0};
  }
  symbols[256] = {HuffmanEntry::end, 0, 0};
  // Lengths: four codes for each number of extra bits, but eight without any (section 3.2.5).
  std::uint16_t length = 3;
  for (unsigned i = 257; i < 285; ++i) {
    const unsigned extra = i < 265 ? 0 : (i - 261) / 4;
    symbols[i] = {HuffmanEntry::base, length, static_cast<std::uint8_t>(extra)};
    length = static_cast<std::uint16_t>(length + (1U << extra));
  }
  symbols[285] = {HuffmanEntry::base, k_longest_match, 0};
  symbols[286] = symbols[287] = {HuffmanEntry::invalid, 0, 0};
  return symbols;
}

constexpr std::array<HuffmanSymbol, 32> make_distance_symbols() {
  std::array<HuffmanSymbol, 32> symbols{};
  std::uint32_t distance = 1;
  for (unsigned i = 0; i < k_most_distances; ++i) {
    const unsigned extra = i < 4 ? 0 : i / 2 - 1;
    symbols[i] = {HuffmanEntry::base, static_cast<std::uint16_t>(distance),
                  static_cast<std::uint8_t>(extra)};
    distance += 1U << extra;
  }
  symbols[30] = symbols[31] = {HuffmanEntry::invalid, 0, 0};
  return symbols;
}

constexpr std::array<HuffmanSymbol, k_precodes> make_precode_symbols() {
  std::array<HuffmanSymbol, k_precodes> symbols{};
  for (unsigned i = 0; i < k_precodes; ++i) {
    symbols[i] = {HuffmanEntry::literal, static_cast<std::uint16_t>(i), 0};
  }
  return symbols;
}

inline constexpr auto k_literal_symbols = make_literal_symbols();
inline constexpr auto k_distance_symbols = make_distance_symbols();
inline constexpr auto k_precode_symbols = make_precode_symbols();
inline constexpr std::array<std::uint8_t, k_precodes> k_precode_order = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

}  // namespace coracle::archive
