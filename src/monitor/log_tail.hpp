// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "monitor/log_files.hpp"

namespace coracle::monitor {

/// A place in a log of several files.
struct LogPosition {
  std::size_t file = 0;
  std::int64_t offset = 0;

  auto operator<=>(const LogPosition&) const = default;
};

/// Where the last lines begin: for each stream, as a line of one may have records of the other in
/// it.
struct TailStart {
  std::array<LogPosition, 2> first;

  LogPosition earliest() const { return std::min(first[0], first[1]); }
};

/// Finds the last `lines` lines by reading backwards no further than needed.
TailStart find_tail(const std::vector<LogFile>& files, std::size_t lines);

}  // namespace coracle::monitor
