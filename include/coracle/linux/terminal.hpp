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

/// Puts a terminal into raw mode and back at the end of the scope.
class RawMode {
 public:
  explicit RawMode(int fd);
  ~RawMode();
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

 private:
  int fd_;
  termios saved_{};
};

}  // namespace coracle::linux
