// SPDX-License-Identifier: Apache-2.0
// Container logs in docker's json-file format: one JSON object a line, {"log","stream","time"}. A line
// longer than a read is several records; all but the last lack the newline. Rotated by size: x.log is
// the newest, x.log.1 the one before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "coracle/base/time.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::monitor {

enum class Stream : std::uint8_t { output, error };

struct LogConfig {
  std::string path;             ///< empty: nothing is logged
  std::int64_t max_size = -1;   ///< bytes before a rotation; -1: no limit
  int max_files = 2;            ///< how many files are kept, the newest included
};

/// Appends records. Writes once for each chunk; allocates only when it is made.
class LogWriter {
 public:
  explicit LogWriter(LogConfig config);
  void write(Stream stream, std::string_view chunk);
  bool enabled() const noexcept { return file_.valid(); }

 private:
  std::string_view complete_character(Stream stream, std::string_view chunk);
  void append(std::string_view text);
  void append_record(Stream stream, std::string_view line, std::string_view time);
  void flush();
  void rotate();

  LogConfig config_;
  linux::Fd file_;
  std::int64_t size_ = 0;
  std::string buffer_;
  /// The beginning of a character whose end the next chunk brings, for each stream.
  std::string torn_[2];
};

struct LogRequest {
  std::string path;
  bool follow = false;
  std::optional<Timestamp> since;
  std::optional<Timestamp> until;
  std::optional<std::size_t> tail;  ///< lines
  /// Asked while following: false when nothing more will be written.
  std::function<bool()> still_written;
};

struct LogLine {
  Stream stream = Stream::output;
  std::string_view time;  ///< RFC 3339
  std::string_view text;  ///< with its newline, if it has one yet
  bool starts_line = true;
};

/// Hands the records that fit the request to `sink`, oldest first. A damaged record is passed over.
void read_logs(const LogRequest& request, const std::function<void(const LogLine&)>& sink);

}  // namespace coracle::monitor
