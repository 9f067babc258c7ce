// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "coracle/base/error.hpp"
#include "coracle/monitor/log.hpp"

namespace coracle::monitor {
namespace {

constexpr std::size_t k_buffer = 32 << 10;

/// Which bytes a JSON string cannot hold as they are.
constexpr std::array<bool, 256> k_needs_escape = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < 32; ++i) table[i] = true;
  table['"'] = true;
  table['\\'] = true;
  for (std::size_t i = 0x80; i < 256; ++i) table[i] = true;
  return table;
}();

/// The length of the well-formed UTF-8 sequence at the front; 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first >= 0xC2 && first <= 0xDF && follows(1)) return 2;
  if (first >= 0xE0 && first <= 0xEF && follows(1) && follows(2)) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4 && follows(1) && follows(2) && follows(3)) {
    const bool outside = (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
    return outside ? 0 : 4;
  }
  return 0;
}

/// How many bytes the character that `first` begins has; 1 for what begins none.
std::size_t announced_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
}

/// The bytes at the end of a chunk that begin a character which the chunk does not end.
std::size_t torn_tail(std::string_view chunk) {
  for (std::size_t back = 1; back <= 3 && back <= chunk.size(); ++back) {
    const char c = chunk[chunk.size() - back];
    if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) continue;
    return announced_length(c) > back ? back : 0;
  }
  return 0;
}

/// RFC 3339 with all nine digits, without the C++ library's machinery.
std::string_view current_time(char (&buffer)[40]) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm when{};
  ::gmtime_r(&now.tv_sec, &when);
  std::size_t size = ::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S.", &when);
  for (long unit = 100'000'000; unit > 0; unit /= 10) {
    buffer[size++] = static_cast<char>('0' + now.tv_nsec / unit % 10);
  }
  buffer[size++] = 'Z';
  return {buffer, size};
}

}  // namespace

LogWriter::LogWriter(LogConfig config) : config_(std::move(config)) {
  if (config_.path.empty()) return;
  file_ = linux::open_file(config_.path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  struct stat info {};
  if (::fstat(file_.get(), &info) == 0) size_ = info.st_size;
  buffer_.reserve(k_buffer);
}

void LogWriter::append(std::string_view text) {
  if (buffer_.size() + text.size() > k_buffer) flush();
  if (text.size() > k_buffer) {
    // Longer than the buffer ever gets: in pieces.
    for (; text.size() > k_buffer; text.remove_prefix(k_buffer)) append(text.substr(0, k_buffer));
  }
  buffer_.append(text);
}

void LogWriter::append_record(Stream stream, std::string_view line, std::string_view time) {
  append("{\"log\":\"");
  while (!line.empty()) {
    std::size_t plain = 0;
    while (plain < line.size() && !k_needs_escape[static_cast<unsigned char>(line[plain])]) ++plain;
    append(line.substr(0, plain));
    line.remove_prefix(plain);
    if (line.empty()) break;
    std::size_t taken = 1;
    const char c = line[0];
    if (c == '\n') {
      append("\\n");
    } else if (c == '"' || c == '\\') {
      const char escaped[2] = {'\\', c};
      append({escaped, 2});
    } else if (static_cast<unsigned char>(c) < 32) {
      constexpr const char* k_digits = "0123456789abcdef";
      const char escaped[6] = {'\\', 'u', '0', '0', k_digits[c >> 4], k_digits[c & 15]};
      append({escaped, 6});
    } else if (const std::size_t length = utf8_length(line)) {
      append(line.substr(0, length));
      taken = length;
    } else {
      append("\\ufffd");  // As docker does with bytes that are not text.
    }
    line.remove_prefix(taken);
  }
  append(stream == Stream::output ? "\",\"stream\":\"stdout\",\"time\":\""
                                  : "\",\"stream\":\"stderr\",\"time\":\"");
  append(time);
  append("\"}\n");
}

std::string_view LogWriter::complete_character(Stream stream, std::string_view chunk) {
  std::string& torn = torn_[static_cast<std::size_t>(stream)];
  const std::size_t missing = announced_length(torn[0]) - torn.size();
  const std::size_t taken = std::min(missing, chunk.size());
  torn.append(chunk.substr(0, taken));
  return chunk.substr(taken);
}

void LogWriter::write(Stream stream, std::string_view chunk) {
  if (!file_) return;
  char buffer[40];
  const std::string_view time = current_time(buffer);
  std::string& torn = torn_[static_cast<std::size_t>(stream)];
  if (!torn.empty()) {
    chunk = complete_character(stream, chunk);
    append_record(stream, torn, time);
    torn.clear();
  }
  const std::size_t tail = torn_tail(chunk);
  torn.assign(chunk.substr(chunk.size() - tail));
  chunk.remove_suffix(tail);
  while (!chunk.empty()) {
    const auto newline = chunk.find('\n');
    const std::size_t length = newline == std::string_view::npos ? chunk.size() : newline + 1;
    append_record(stream, chunk.substr(0, length), time);
    chunk.remove_prefix(length);
  }
  flush();
  if (config_.max_size > 0 && size_ >= config_.max_size) rotate();
}

void LogWriter::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    // A full disk loses log lines, never the container.
    if (written <= 0) break;
    size_ += written;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

void LogWriter::rotate() {
  const auto numbered = [&](int number) { return config_.path + "." + std::to_string(number); };
  if (config_.max_files < 2) {
    if (::ftruncate(file_.get(), 0) == 0) size_ = 0;
    return;
  }
  for (int number = config_.max_files - 2; number >= 1; --number) {
    ::rename(numbered(number).c_str(), numbered(number + 1).c_str());
  }
  ::rename(config_.path.c_str(), numbered(1).c_str());
  linux::Fd next(::open(config_.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!next) return;  // The old file goes on under its new name.
  file_ = std::move(next);
  size_ = 0;
}

}  // namespace coracle::monitor
