// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>
#include <string>
#include <string_view>
#include <utility>

namespace coracle::cli {

/// Buffered text to a descriptor. When the reader has gone away (`coracle ps | head -1`, SIGPIPE
/// ignored), what follows is dropped and the command finishes its work.
class Output {
 public:
  /// @param fd  borrowed
  /// @param name  for messages: "standard output"
  Output(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  void line(std::string_view text);
  template <typename... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::format(format, std::forward<Args>(args)...));
  }
  /// @throws SysError when the text cannot be written for another reason than a missing reader
  void flush();
  /// Whether the reader has gone away.
  bool broken() const noexcept { return broken_; }
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
  std::string name_;
  std::string buffer_;
  bool broken_ = false;
};

}  // namespace coracle::cli
