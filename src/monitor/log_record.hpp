// SPDX-License-Identifier: Apache-2.0
// Records of a container's log, as this engine, docker, podman and Kubernetes write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coracle/monitor/log.hpp"

namespace coracle::monitor {

struct LogRecord {
  Stream stream = Stream::output;
  std::string_view time;
  std::string_view text;  ///< with its newline, if it ends a line

  bool ends_line() const noexcept { return text.ends_with('\n'); }
};

/// Decodes records; a decoded text is valid until the next one.
class RecordParser {
 public:
  /// @param line  of the file, with its newline
  /// @returns nothing for what is no record
  std::optional<LogRecord> parse(std::string_view line);

 private:
  std::optional<LogRecord> parse_json(std::string_view line);
  std::string text_;
};

/// What is to be known of a record to count lines, found without decoding it.
struct RecordKind {
  Stream stream = Stream::output;
  bool ends_line = false;
};
std::optional<RecordKind> classify_record(std::string_view line);

}  // namespace coracle::monitor
