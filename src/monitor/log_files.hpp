// SPDX-License-Identifier: Apache-2.0
// The files of one log, while their writer rotates them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "coracle/linux/fd.hpp"
#include "coracle/monitor/log.hpp"

namespace coracle::monitor {

struct LogFile {
  linux::Fd fd;
  /// Identifies the file for as long as it is open.
  ino_t inode = 0;
  /// At the time of opening: bytes, and when it was last written.
  std::int64_t size = 0;
  Timestamp modified;
};

/// Opens the files of the log `path` that are newer than `known`, or all when it is null.
/// @returns them with the oldest first
std::vector<LogFile> open_log_files(const std::string& path, const LogFile* known);

/// Whether that file is still the newest of the log.
bool is_newest(const std::string& path, const LogFile& file);

}  // namespace coracle::monitor
