// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/subordinate_ids.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <vector>

#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::linux {
namespace {

using Ranges =
    std::vector<std::pair<std::int64_t, std::int64_t>>;  ///< first id, and behind the last

void add_ranges(std::string_view text, Ranges& ranges) {
  for (const auto& line : split(text, '\n')) {
    const auto fields = split(trim(line), ':');
    if (fields.size() != 3) continue;
    const auto first = parse_int(trim(fields[1]));
    const auto count = parse_int(trim(fields[2]));
    if (first && count && *count > 0) ranges.emplace_back(*first, *first + *count);
  }
}

}  // namespace

std::uint32_t first_free_id(std::string_view subuid, std::string_view subgid) {
  Ranges ranges;
  add_ranges(subuid, ranges);
  add_ranges(subgid, ranges);
  std::ranges::sort(ranges);
  std::int64_t first = 100'000;
  for (const auto& [begin, end] : ranges) {
    if (begin < first + k_usual_ids) first = std::max(first, end);
  }
  return static_cast<std::uint32_t>(first);
}

std::uint32_t first_free_id() {
  return first_free_id(read_file_if_exists("/etc/subuid").value_or(""),
                       read_file_if_exists("/etc/subgid").value_or(""));
}

std::string free_id_range() {
  const auto first = first_free_id();
  return fmt::format("{}-{}", first, first + k_usual_ids - 1);
}

}  // namespace coracle::linux
