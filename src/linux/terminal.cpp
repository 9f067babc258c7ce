// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/terminal.hpp"

#include <sys/ioctl.h>

#include "coracle/base/error.hpp"

namespace coracle::linux {

std::optional<WindowSize> window_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return std::nullopt;
  return WindowSize{size.ws_row, size.ws_col};
}

void set_window_size(int fd, WindowSize size) noexcept {
  const winsize value{size.rows, size.columns, 0, 0};
  ::ioctl(fd, TIOCSWINSZ, &value);
}

RawMode::RawMode(int fd) : fd_(fd) {
  if (::tcgetattr(fd, &saved_) != 0) throw SysError("cannot read the terminal's settings");
  termios raw = saved_;
  ::cfmakeraw(&raw);
  if (::tcsetattr(fd, TCSANOW, &raw) != 0) throw SysError("cannot put the terminal into raw mode");
}

RawMode::~RawMode() {
  // What was typed ahead stays for the shell; what is being shown is shown first.
  ::tcsetattr(fd_, TCSADRAIN, &saved_);
}

}  // namespace coracle::linux
