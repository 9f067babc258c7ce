// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/monitor/log.hpp"

namespace coracle::monitor {
namespace {

struct Record {
  Stream stream = Stream::output;
  std::string text;
  std::string time;
};

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// Takes a JSON string off the front, without its quotes. False if it is malformed.
bool take_string(std::string_view& text, std::string& out) {
  out.clear();
  if (text.empty() || text[0] != '"') return false;
  text.remove_prefix(1);
  while (!text.empty()) {
    const auto special = text.find_first_of("\"\\");
    if (special == std::string_view::npos) return false;
    out.append(text.substr(0, special));
    text.remove_prefix(special);
    if (text[0] == '"') {
      text.remove_prefix(1);
      return true;
    }
    if (text.size() < 2) return false;
    const char c = text[1];
    text.remove_prefix(2);
    switch (c) {
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'u': {
        unsigned code = 0;
        if (text.size() < 4) return false;
        for (const char digit : text.substr(0, 4)) {
          const bool is_digit = digit >= '0' && digit <= '9';
          const char lower = static_cast<char>(digit | 0x20);
          if (!is_digit && (lower < 'a' || lower > 'f')) return false;
          code = code * 16 + static_cast<unsigned>(is_digit ? digit - '0' : lower - 'a' + 10);
        }
        text.remove_prefix(4);
        append_utf8(out, code);
        break;
      }
      default: out += c;
    }
  }
  return false;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool parse_record(std::string_view line, Record& record) {
  std::string stream;
  if (!take(line, "{\"log\":") || !take_string(line, record.text) || !take(line, ",\"stream\":") ||
      !take_string(line, stream) || !take(line, ",\"time\":") || !take_string(line, record.time)) {
    return false;
  }
  record.stream = stream == "stderr" ? Stream::error : Stream::output;
  return line == "}";
}

/// Hands out whole lines of one file and remembers the rest for the next time.
class FileTail {
 public:
  explicit FileTail(linux::Fd file) : file_(std::move(file)) {}

  template <typename Visit>
  void drain(Visit visit) {
    std::vector<char> buffer(256 << 10);
    while (true) {
      const ssize_t got = ::read(file_.get(), buffer.data(), buffer.size());
      if (got <= 0) return;
      std::string_view text(buffer.data(), static_cast<std::size_t>(got));
      while (true) {
        const auto newline = text.find('\n');
        if (newline == std::string_view::npos) break;
        if (rest_.empty()) {
          visit(text.substr(0, newline));
        } else {
          rest_.append(text.substr(0, newline));
          visit(std::string_view(rest_));
          rest_.clear();
        }
        text.remove_prefix(newline + 1);
      }
      rest_.append(text);
    }
  }

  bool is(const std::string& path) const {
    struct stat ours {};
    struct stat named {};
    return ::fstat(file_.get(), &ours) == 0 && ::stat(path.c_str(), &named) == 0 &&
           ours.st_ino == named.st_ino;
  }

 private:
  linux::Fd file_;
  std::string rest_;
};

/// Filters records by time and counts lines back for --tail.
class Output {
 public:
  Output(const LogRequest& request, const std::function<void(const LogLine&)>& sink)
      : request_(request), sink_(sink) {}

  void add(std::string_view line) {
    Record record;
    if (!parse_record(line, record) || !fits(record.time)) return;
    if (!collecting_) {
      emit(record);
      return;
    }
    const bool ends = record.text.ends_with('\n');
    kept_.push_back(std::move(record));
    if (ends) ++lines_;
    while (lines_ > *request_.tail && !kept_.empty()) {
      if (kept_.front().text.ends_with('\n')) --lines_;
      kept_.pop_front();
    }
  }
  /// What was collected for --tail; from now on records go straight through.
  void end_of_history() {
    collecting_ = false;
    for (const auto& record : kept_) emit(record);
    kept_.clear();
  }

 private:
  bool fits(std::string_view text) const {
    if (!request_.since && !request_.until) return true;
    const auto time = parse_rfc3339(text);
    return time && (!request_.since || *time >= *request_.since) &&
           (!request_.until || *time <= *request_.until);
  }

  void emit(const Record& record) {
    bool& open_line = open_line_[record.stream == Stream::error ? 1 : 0];
    sink_({record.stream, record.time, record.text, !open_line});
    open_line = !record.text.ends_with('\n');
  }

  const LogRequest& request_;
  const std::function<void(const LogLine&)>& sink_;
  bool collecting_ = request_.tail.has_value();
  std::deque<Record> kept_;
  std::size_t lines_ = 0;
  bool open_line_[2] = {false, false};
};

}  // namespace

void read_logs(const LogRequest& request, const std::function<void(const LogLine&)>& sink) {
  Output output(request, sink);
  const auto add = [&](std::string_view line) { output.add(line); };
  // Watch before the first look, so that nothing falls in between.
  const linux::Fd watch(request.follow ? ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1);
  if (watch) {
    const std::string directory = request.path.substr(0, request.path.rfind('/'));
    ::inotify_add_watch(watch.get(), directory.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_DELETE_SELF);
  }
  int oldest = 0;
  while (linux::exists(request.path + "." + std::to_string(oldest + 1))) ++oldest;
  for (int number = oldest; number >= 1; --number) {
    FileTail(linux::open_if_exists(request.path + "." + std::to_string(number), O_RDONLY)).drain(add);
  }
  FileTail newest(linux::open_file(request.path, O_RDONLY));
  newest.drain(add);
  output.end_of_history();
  while (request.follow) {
    const bool more = request.still_written();
    newest.drain(add);
    if (!newest.is(request.path)) {
      newest.drain(add);
      linux::Fd next = linux::open_if_exists(request.path, O_RDONLY);
      if (!next) return;
      newest = FileTail(std::move(next));
      continue;
    }
    if (!more) return;
    linux::wait_readable(watch.get(), 200);
    char events[4096];
    while (::read(watch.get(), events, sizeof events) > 0) {
    }
  }
}

}  // namespace coracle::monitor
