// SPDX-License-Identifier: Apache-2.0
// The blocks that tar files are made of (POSIX.1-2017, pax, "ustar Interchange Format"; the GNU tar
// manual, "Basic Tar Format").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace coracle::archive {

inline constexpr std::size_t k_block = 512;

struct UstarHeader {
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_target[100];
  char magic[6];
  char version[2];
  char user_name[32];
  char group_name[32];
  char device_major[8];
  char device_minor[8];
  char prefix[155];
  char padding[12];
};
static_assert(sizeof(UstarHeader) == k_block);

/// What GNU tar has in the place of the prefix, as far as it matters.
struct GnuSparsePart {
  char offset[12];
  char size[12];
};
struct GnuHeader {
  char common[386];
  GnuSparsePart sparse[4];
  char is_extended;
  char real_size[12];
  char padding[17];
};
static_assert(sizeof(GnuHeader) == k_block);
struct GnuSparseBlock {
  GnuSparsePart sparse[21];
  char is_extended;
  char padding[7];
};
static_assert(sizeof(GnuSparseBlock) == k_block);

/// Up to the first NUL, or the whole field.
std::string_view field_text(const char* field, std::size_t size) noexcept;
template <std::size_t Size>
std::string_view field_text(const char (&field)[Size]) noexcept {
  return field_text(field, Size);
}

/// Octal digits with spaces and NULs around, or GNU's base-256. An empty field is 0; nothing for
/// anything else and for numbers beyond 63 bits.
std::optional<std::int64_t> parse_field_number(std::string_view field) noexcept;
template <std::size_t Size>
std::optional<std::int64_t> parse_field_number(const char (&field)[Size]) noexcept {
  return parse_field_number(std::string_view(field, Size));
}

bool is_zero_block(const UstarHeader& header) noexcept;
/// The sum of all bytes, with spaces for its own field.
unsigned header_checksum(const UstarHeader& header) noexcept;
/// Some old programs added up signed characters: those count too.
bool checksum_matches(const UstarHeader& header) noexcept;

/// How much of a block `size` bytes leave over.
constexpr std::uint64_t padding_of(std::uint64_t size) noexcept {
  return (k_block - size % k_block) % k_block;
}

}  // namespace coracle::archive
