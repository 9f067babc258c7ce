// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <limits>

#include "archive/pax_records_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::archive {
namespace {

constexpr std::string_view k_xattr_prefix = "SCHILY.xattr.";
constexpr long k_nanoseconds = 1'000'000'000;

[[noreturn]] void refuse(std::string_view what, std::string_view value) {
  constexpr std::size_t k_shown = 128;
  throw Error(ErrorClass::invalid_argument, "damaged archive: {} '{}' in an extension header", what,
              value.substr(0, k_shown));
}

std::int64_t require_number(std::string_view key, std::string_view value) {
  const auto number = parse_int(value);
  if (!number || *number < 0) refuse(key, value);
  return *number;
}

/// Owners below 0 are written by other systems ("nobody", -2). Nobody has them here.
std::int64_t require_owner(std::string_view key, std::string_view value) {
  const auto number = parse_int(value);
  if (!number) refuse(key, value);
  return *number;
}

/// A file name ends at a NUL: one that holds more would mean different things to different readers.
const std::string& require_name(std::string_view key, const std::string& value) {
  if (value.find('\0') != std::string::npos) refuse(key, value);
  return value;
}

/// GNU's sparse formats, told by records; 1.0 keeps its map in the content.
struct SparseRecords {
  std::string name;
  std::optional<std::uint64_t> real_size;
  std::string major;
  std::string minor;
  std::vector<std::int64_t> numbers;  ///< offset, size, offset, size, …

  bool any() const noexcept { return real_size.has_value() || !numbers.empty() || !major.empty(); }

  void read(std::string_view key, const std::string& value) {
    if (key == "GNU.sparse.name") name = require_name(key, value);
    if (key == "GNU.sparse.major") major = value;
    if (key == "GNU.sparse.minor") minor = value;
    if (key == "GNU.sparse.realsize" || key == "GNU.sparse.size") {
      real_size = static_cast<std::uint64_t>(require_number(key, value));
    }
    if (key == "GNU.sparse.offset" || key == "GNU.sparse.numbytes") {
      const bool is_offset = key == "GNU.sparse.offset";
      if (is_offset != (numbers.size() % 2 == 0)) refuse(key, value);
      numbers.push_back(require_number(key, value));
    }
    if (key == "GNU.sparse.map" && !value.empty()) {
      for (const auto& number : split(value, ',')) numbers.push_back(require_number(key, number));
    }
  }

  void apply(EntryHeader& header, PaxExtras& extras) const {
    if (!any() || header.type != EntryType::file) return;
    if (!real_size) refuse("the real size", "missing");
    header.sparse = true;
    header.size = *real_size;
    if (!name.empty()) header.path = name;
    if (major == "1" && minor == "0") {
      extras.sparse_map_in_content = true;
      return;
    }
    if (!major.empty() && major != "0") refuse("the sparse format", major);
    if (numbers.size() % 2 != 0) refuse("the sparse map", "odd");
    for (std::size_t i = 0; i < numbers.size(); i += 2) {
      append_extent(header.extents, numbers[i], numbers[i + 1], header.size);
    }
  }
};

}  // namespace

PaxRecords parse_pax_records(std::string_view text) {
  PaxRecords records;
  while (!text.empty()) {
    // Some writers fill up with NULs.
    if (text.front() == '\0') break;
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || length > text.size() || length <= digits + 1 ||
        text[digits] != ' ' || text[length - 1] != '\n') {
      refuse("malformed record", text);
    }
    const std::string_view record = text.substr(digits + 1, length - digits - 2);
    const auto pair = split_once(record, '=');
    if (!pair || pair->first.empty()) refuse("malformed record", record);
    records.emplace_back(pair->first, pair->second);
    text.remove_prefix(length);
  }
  return records;
}

std::string format_pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest;
  while (true) {
    const std::size_t whole = rest + std::to_string(length).size();
    if (whole == length) break;
    length = whole;
  }
  return fmt::format("{} {}={}\n", length, key, value);
}

std::optional<timespec> parse_pax_time(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const auto dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  if (error != std::errc() || end != whole.data() + whole.size() || seconds < 0)
    return std::nullopt;
  long nanoseconds = 0;
  if (dot != std::string_view::npos) {
    long unit = k_nanoseconds / 10;
    for (const char digit : text.substr(dot + 1)) {
      if (digit < '0' || digit > '9') return std::nullopt;
      nanoseconds += (digit - '0') * unit;
      unit /= 10;
    }
  }
  if (!negative) return timespec{seconds, nanoseconds};
  // A timespec counts its nanoseconds forward.
  return nanoseconds == 0 ? timespec{-seconds, 0}
                          : timespec{-seconds - 1, k_nanoseconds - nanoseconds};
}

std::string format_pax_time(const timespec& time) {
  const bool backward = time.tv_sec < 0 && time.tv_nsec > 0;
  const std::int64_t seconds = backward ? time.tv_sec + 1 : time.tv_sec;
  const std::int64_t nanoseconds = backward ? k_nanoseconds - time.tv_nsec : time.tv_nsec;
  if (nanoseconds == 0) return std::to_string(seconds);
  std::string text =
      fmt::format("{}{}.{:09}", backward && seconds == 0 ? "-" : "", seconds, nanoseconds);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

void append_extent(std::vector<Extent>& extents, std::int64_t offset, std::int64_t size,
                   std::uint64_t limit) {
  const off_t end = extents.empty() ? 0 : extents.back().offset + extents.back().size;
  const bool valid = size >= 0 && offset >= end &&
                     offset <= std::numeric_limits<std::int64_t>::max() - size &&
                     static_cast<std::uint64_t>(offset + size) <= limit;
  if (!valid) {
    throw Error(ErrorClass::invalid_argument,
                "damaged archive: a sparse file has {} bytes at {}, which cannot be", size, offset);
  }
  // GNU tar marks a hole at the end by a part without data.
  if (size > 0) extents.push_back({offset, size});
}

PaxExtras apply_pax_records(const PaxRecords& records, EntryHeader& header) {
  PaxExtras extras;
  SparseRecords sparse;
  for (const auto& [key, value] : records) {
    if (key.starts_with(k_xattr_prefix)) {
      header.attributes[require_name(key, key.substr(k_xattr_prefix.size()))] = value;
    } else if (key.starts_with("GNU.sparse.")) {
      sparse.read(key, value);
    } else if (value.empty()) {
      continue;  // The header's own field counts.
    } else if (key == "path") {
      header.path = require_name(key, value);
    } else if (key == "linkpath") {
      header.link_target = require_name(key, value);
    } else if (key == "size") {
      extras.size = static_cast<std::uint64_t>(require_number(key, value));
    } else if (key == "uid") {
      header.uid = require_owner(key, value);
    } else if (key == "gid") {
      header.gid = require_owner(key, value);
    } else if (key == "mtime") {
      const auto time = parse_pax_time(value);
      if (!time) refuse("time", value);
      header.mtime = *time;
    } else if (key == "SCHILY.acl.access") {
      header.access_acl = value;
    } else if (key == "SCHILY.acl.default") {
      header.default_acl = value;
    }
  }
  if (extras.size) header.size = *extras.size;
  sparse.apply(header, extras);
  return extras;
}

}  // namespace coracle::archive
