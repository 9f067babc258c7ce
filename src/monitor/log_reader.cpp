// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/monitor/log.hpp"
#include "monitor/log_files.hpp"
#include "monitor/log_record.hpp"
#include "monitor/log_tail.hpp"

namespace coracle::monitor {
namespace {

constexpr std::size_t k_read_size = 256 << 10;
/// How often the writer is asked after, where nothing else tells of its end.
constexpr int k_poll_interval_ms = 200;

/// Whole lines of one file, in order; what has no newline yet is kept for the next time.
class LineReader {
 public:
  LineReader(LogFile file, std::int64_t offset) : file_(std::move(file)), offset_(offset) {}

  const LogFile& file() const noexcept { return file_; }

  /// Calls `visit(line, offset)` for all that is there now. @returns whether there was anything
  template <typename Visit>
  bool drain(std::vector<char>& buffer, Visit visit) {
    bool any = false;
    while (true) {
      const ssize_t got = ::pread(file_.fd.get(), buffer.data(), buffer.size(),
                                  offset_ + static_cast<std::int64_t>(rest_.size()));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw SysError("cannot read the log");
      if (got == 0) return any;
      any = true;
      take({buffer.data(), static_cast<std::size_t>(got)}, visit);
    }
  }

  /// A log of a single file starts anew by being truncated.
  void notice_truncation() {
    struct stat info {};
    if (::fstat(file_.fd.get(), &info) == 0 && info.st_size < offset_) {
      offset_ = 0;
      rest_.clear();
    }
  }

 private:
  template <typename Visit>
  void take(std::string_view text, Visit& visit) {
    for (auto newline = text.find('\n'); newline != std::string_view::npos;
         newline = text.find('\n')) {
      std::string_view line = text.substr(0, newline + 1);
      text.remove_prefix(newline + 1);
      if (!rest_.empty()) {
        rest_.append(line);
        line = rest_;
      }
      visit(line, offset_);
      offset_ += static_cast<std::int64_t>(line.size());
      rest_.clear();
    }
    rest_.append(text);
  }

  LogFile file_;
  std::int64_t offset_;  ///< where rest_ begins
  std::string rest_;
};

/// Hands on the records that fit the request.
class RecordFilter {
 public:
  RecordFilter(const LogRequest& request, const std::function<void(const LogLine&)>& sink)
      : request_(request), sink_(sink) {}

  void add(std::string_view text) {
    const auto record = parser_.parse(text);
    if (!record) return;
    bool& line_is_open = line_is_open_[static_cast<std::size_t>(record->stream)];
    const LogLine line{record->stream, record->time, record->text, !line_is_open};
    line_is_open = !record->ends_line();
    if (fits(*record)) sink_(line);
  }

 private:
  bool fits(const LogRecord& record) const {
    if (!(record.stream == Stream::output ? request_.output : request_.error)) return false;
    if (!request_.since && !request_.until) return true;
    const auto time = parse_rfc3339(record.time);
    return time && (!request_.since || *time >= *request_.since) &&
           (!request_.until || *time <= *request_.until);
  }

  const LogRequest& request_;
  const std::function<void(const LogLine&)>& sink_;
  RecordParser parser_;
  bool line_is_open_[2] = {false, false};
};

/// Wakes up when something happens to the log or its writer ends.
class LogWatch {
 public:
  explicit LogWatch(const LogRequest& request)
      : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), writer_(request.writer) {
    const std::string directory = parent_path(request.path);
    if (inotify_ && ::inotify_add_watch(inotify_.get(), directory.c_str(),
                                        IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF) < 0) {
      inotify_.reset();
    }
  }

  /// @returns whether the writer has ended
  bool wait() {
    pollfd set[2] = {{inotify_.get(), POLLIN, 0}, {writer_, POLLIN, 0}};
    const bool is_told = inotify_.valid() && writer_ >= 0;
    ::poll(set, 2, is_told ? k_poll_interval_ms * 5 : k_poll_interval_ms);
    char events[4096];
    while (inotify_ && ::read(inotify_.get(), events, sizeof events) > 0) {
    }
    return set[1].revents != 0;
  }

 private:
  linux::Fd inotify_;  ///< invalid where the user has no more of them: then we look again and again
  int writer_;
};

class LogReading {
 public:
  LogReading(const LogRequest& request, const std::function<void(const LogLine&)>& sink)
      : request_(request), filter_(request, sink), buffer_(k_read_size) {}

  LineReader read_history() {
    std::vector<LogFile> files = open_log_files(request_.path, nullptr);
    if (files.empty()) throw SysError(ENOENT, "cannot open '" + request_.path + "'");
    TailStart tail{};
    if (request_.tail) tail = find_tail(files, *request_.tail);
    const LogPosition start = tail.earliest();
    for (std::size_t i = start.file; i < files.size(); ++i) {
      const bool is_last = i + 1 == files.size();
      if (!is_last && request_.since && files[i].modified < *request_.since) continue;
      LineReader reader(std::move(files[i]), i == start.file ? start.offset : 0);
      reader.drain(buffer_, [&](std::string_view line, std::int64_t offset) {
        if (request_.tail) {
          const auto record = classify_record(line);
          if (!record) return;
          const auto& first = tail.first[static_cast<std::size_t>(record->stream)];
          if (LogPosition{i, offset} < first) return;
        }
        filter_.add(line);
      });
      if (is_last) return reader;
    }
    throw Error(ErrorClass::internal, "the log '{}' has no newest file", request_.path);
  }

  void follow(LineReader reader, LogWatch& watch) {
    bool ended = false;
    while (true) {
      const bool news = read_on(reader);
      if (news) continue;
      if (ended || (request_.until && now() > *request_.until)) return;
      // Whatever was written before the answer is read once more.
      ended = request_.still_written && !request_.still_written();
      if (!ended) ended = watch.wait();
    }
  }

 private:
  /// @returns whether there was anything new, be it in files that have come meanwhile
  bool read_on(LineReader& reader) {
    const auto visit = [&](std::string_view line, std::int64_t) { filter_.add(line); };
    reader.notice_truncation();
    bool news = reader.drain(buffer_, visit);
    if (is_newest(request_.path, reader.file())) return news;
    std::vector<LogFile> newer = open_log_files(request_.path, &reader.file());
    // The writer has left that file: what it put there last is there now.
    news = reader.drain(buffer_, visit) || news || !newer.empty();
    for (auto& file : newer) {
      reader = LineReader(std::move(file), 0);
      reader.drain(buffer_, visit);
    }
    return news;
  }

  const LogRequest& request_;
  RecordFilter filter_;
  std::vector<char> buffer_;
};

}  // namespace

void read_logs(const LogRequest& request, const std::function<void(const LogLine&)>& sink) {
  LogReading reading(request, sink);
  if (!request.follow) {
    reading.read_history();
    return;
  }
  // Watched before the first look, so that nothing falls in between.
  LogWatch watch(request);
  reading.follow(reading.read_history(), watch);
}

}  // namespace coracle::monitor
