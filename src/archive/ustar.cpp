// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <algorithm>
#include <limits>

#include "archive/ustar_internal.hpp"

namespace coracle::archive {
namespace {

template <typename Byte>
int sum_of(const UstarHeader& header) noexcept {
  int sum = 0;
  const auto* bytes = reinterpret_cast<const Byte*>(&header);
  for (std::size_t i = 0; i < sizeof header; ++i) sum += bytes[i];
  for (const char byte : header.checksum) sum += ' ' - static_cast<Byte>(byte);
  return sum;
}

/// Two's complement, the highest byte first; its first bit only says that it is this form.
std::optional<std::int64_t> parse_base256(std::string_view field) noexcept {
  const bool negative = (field[0] & 0x40) != 0;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    auto byte = static_cast<unsigned char>(field[i]);
    if (i == 0) byte = static_cast<unsigned char>(negative ? byte | 0x80 : byte & 0x7f);
    // What is shifted out must be nothing but the sign.
    const std::uint64_t top = value >> 55;
    if (top != 0 && top != 0x1ff) return std::nullopt;
    value = value << 8 | byte;
  }
  const auto number = static_cast<std::int64_t>(value);
  if ((number < 0) != negative) return std::nullopt;
  return number;
}

}  // namespace

std::string_view field_text(const char* field, std::size_t size) noexcept {
  return {field, ::strnlen(field, size)};
}

std::optional<std::int64_t> parse_field_number(std::string_view field) noexcept {
  if (!field.empty() && (field[0] & 0x80) != 0) return parse_base256(field);
  const auto is_filler = [](char c) { return c == ' ' || c == '\0'; };
  while (!field.empty() && is_filler(field.front())) field.remove_prefix(1);
  std::int64_t value = 0;
  while (!field.empty() && !is_filler(field.front())) {
    const char digit = field.front();
    if (digit < '0' || digit > '7' || value > std::numeric_limits<std::int64_t>::max() / 8) {
      return std::nullopt;
    }
    value = value * 8 + (digit - '0');
    field.remove_prefix(1);
  }
  return value;
}

bool is_zero_block(const UstarHeader& header) noexcept {
  const auto* bytes = reinterpret_cast<const char*>(&header);
  return std::all_of(bytes, bytes + sizeof header, [](char byte) { return byte == 0; });
}

unsigned header_checksum(const UstarHeader& header) noexcept {
  return static_cast<unsigned>(sum_of<unsigned char>(header));
}

bool checksum_matches(const UstarHeader& header) noexcept {
  const auto stored = parse_field_number(header.checksum);
  return stored &&
         (*stored == sum_of<unsigned char>(header) || *stored == sum_of<signed char>(header));
}

}  // namespace coracle::archive
