// SPDX-License-Identifier: Apache-2.0
// The records of pax extension headers (POSIX.1-2017, pax, "pax Extended Header"). Pure.
#pragma once

#include <time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/entry_header_internal.hpp"

namespace coracle::archive {

/// Keys and values in the order in which they stand; GNU's first sparse format repeats keys.
using PaxRecords = std::vector<std::pair<std::string, std::string>>;

/// @throws Error invalid_argument for malformed records
PaxRecords parse_pax_records(std::string_view text);
/// "LENGTH KEY=VALUE\n", where LENGTH counts itself.
std::string format_pax_record(std::string_view key, std::string_view value);

/// A decimal fraction of seconds since 1970: "1500000000.123456789", "-1.25".
std::optional<timespec> parse_pax_time(std::string_view text) noexcept;
std::string format_pax_time(const timespec& time);

/// What the records say beyond the fields of EntryHeader.
struct PaxExtras {
  std::optional<std::uint64_t> size;   ///< of what is stored in the archive
  bool sparse_map_in_content = false;  ///< GNU's sparse format 1.0
};
/// Lets the records override what the header says. Unknown keys are skipped.
/// @throws Error invalid_argument for values that make no sense
PaxExtras apply_pax_records(const PaxRecords& records, EntryHeader& header);

/// Appends an extent of a sparse file.
/// @throws Error invalid_argument unless it lies behind the one before and within `limit`
void append_extent(std::vector<Extent>& extents, std::int64_t offset, std::int64_t size,
                   std::uint64_t limit);

}  // namespace coracle::archive
