// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>

#include <optional>

namespace coracle::linux {

struct WindowSize {
  unsigned short rows = 0;
  unsigned short columns = 0;
};

/// The size of the terminal behind `fd`, or nothing if it is none.
std::optional<WindowSize> window_size(int fd);
void set_window_size(int fd, WindowSize size) noexcept;

/// Changes a terminal's settings, and back at the end of the scope.
class TerminalMode {
 public:
  ~TerminalMode();
  TerminalMode(const TerminalMode&) = delete;
  TerminalMode& operator=(const TerminalMode&) = delete;

 protected:
  explicit TerminalMode(int fd);
  const termios& saved() const noexcept { return saved_; }
  void apply(const termios& settings) const;

 private:
  int fd_;
  termios saved_{};
};

/// Every key comes as it is typed (cfmakeraw(3)).
class RawMode : public TerminalMode {
 public:
  explicit RawMode(int fd);
};

/// What is typed is not shown: for passwords.
class NoEcho : public TerminalMode {
 public:
  explicit NoEcho(int fd);
};

}  // namespace coracle::linux
