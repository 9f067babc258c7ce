// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_tail.hpp"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "coracle/base/error.hpp"
#include "monitor/log_record.hpp"

namespace coracle::monitor {
namespace {

constexpr std::int64_t k_block = 64 << 10;
/// How far beyond the last lines the beginning of one of them is looked for, in bytes, where
/// nothing but the other stream's records in between suggests that it has one.
constexpr std::size_t k_look_back = 64 << 10;

/// The lines of a file from its end to its beginning.
class BackwardLines {
 public:
  explicit BackwardLines(const LogFile& file) : file_(file.fd.get()), begin_(file.size) {
    // What has no newline yet is being written.
    while (text_.find('\n') == std::string::npos && load()) {
    }
    const auto newline = text_.rfind('\n');
    text_.resize(newline == std::string::npos ? 0 : newline + 1);
  }

  /// Where the last line ends. Only before next().
  std::int64_t end() const { return begin_ + static_cast<std::int64_t>(text_.size()); }

  struct Line {
    std::string_view text;  ///< valid until the next call
    std::int64_t offset;
  };
  std::optional<Line> next() {
    text_.resize(end_of_rest());
    if (text_.empty() && !load()) return std::nullopt;
    std::size_t newline = std::string::npos;
    // The newline at the very end is the line's own.
    while ((newline = text_.size() < 2 ? std::string::npos : text_.rfind('\n', text_.size() - 2)) ==
               std::string::npos &&
           load()) {
    }
    start_ = newline == std::string::npos ? 0 : newline + 1;
    taken_ = true;
    return Line{std::string_view(text_).substr(start_), begin_ + static_cast<std::int64_t>(start_)};
  }

 private:
  std::size_t end_of_rest() {
    const std::size_t end = taken_ ? start_ : text_.size();
    taken_ = false;
    return end;
  }

  /// Puts the block before in front. False at the beginning of the file.
  bool load() {
    if (begin_ == 0) return false;
    // A long line is met with ever larger blocks, so that it is not copied for each of them.
    const auto wanted = std::max<std::int64_t>(k_block, static_cast<std::int64_t>(text_.size()));
    const std::int64_t size = std::min(begin_, wanted);
    std::string block(static_cast<std::size_t>(size), '\0');
    std::size_t done = 0;
    while (done < block.size()) {
      const ssize_t got = ::pread(file_, block.data() + done, block.size() - done,
                                  begin_ - size + static_cast<std::int64_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw SysError("cannot read the log");
      if (got == 0) return false;  // Truncated meanwhile.
      done += static_cast<std::size_t>(got);
    }
    begin_ -= size;
    text_.insert(0, block);
    return true;
  }

  int file_;
  std::int64_t begin_;  ///< where text_ stands in the file
  std::string text_;
  std::size_t start_ = 0;
  bool taken_ = false;
};

/// Counts lines as records come in, the newest first.
class TailCounter {
 public:
  TailCounter(std::size_t lines, LogPosition end) : left_(lines) { start_.first = {end, end}; }

  /// @param size  of the record in the file, in bytes
  /// @returns false when everything has been found
  bool add(const RecordKind& record, LogPosition position, std::size_t size) {
    StreamState& state = streams_[static_cast<std::size_t>(record.stream)];
    // What comes last without a newline is a line too.
    const bool ends_line = record.ends_line || !state.is_counted;
    if (ends_line && left_ > 0) {
      --left_;
      state = {.is_counted = true, .may_begin_earlier = true, .has_parts = !record.ends_line};
    } else if (ends_line) {
      is_full_ = true;
      state.may_begin_earlier = false;
    } else if (state.may_begin_earlier) {
      state.has_parts = true;
    }
    if (state.may_begin_earlier) start_.first[static_cast<std::size_t>(record.stream)] = position;
    if (!is_full_) return true;
    looked_back_ += size;
    return std::ranges::any_of(streams_, [&](const StreamState& stream) {
      return stream.may_begin_earlier && (stream.has_parts || looked_back_ < k_look_back);
    });
  }
  TailStart result() const { return start_; }

 private:
  /// Of a stream's first line among the last.
  struct StreamState {
    bool is_counted = false;         ///< there is one
    bool may_begin_earlier = false;  ///< the end of the line before it has not been met
    bool has_parts = false;          ///< it is known to be in several records
  };
  std::size_t left_;
  bool is_full_ = false;  ///< the end of the line before them all has been met
  std::size_t looked_back_ = 0;
  std::array<StreamState, 2> streams_;
  TailStart start_;
};

}  // namespace

TailStart find_tail(const std::vector<LogFile>& files, std::size_t lines) {
  std::optional<BackwardLines> backward(files.back());
  TailCounter counter(lines, {files.size() - 1, backward->end()});
  if (lines == 0) return counter.result();
  for (std::size_t file = files.size() - 1;; backward.emplace(files[--file])) {
    while (const auto line = backward->next()) {
      const auto record = classify_record(line->text);
      if (record && !counter.add(*record, {file, line->offset}, line->text.size()))
        return counter.result();
    }
    if (file == 0) return counter.result();
  }
}

}  // namespace coracle::monitor
