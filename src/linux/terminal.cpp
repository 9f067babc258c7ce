// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/terminal.hpp"

#include <signal.h>
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

TerminalMode::TerminalMode(int fd) : fd_(fd) {
  if (::tcgetattr(fd, &saved_) != 0) throw SysError("cannot read the terminal's settings");
}

void TerminalMode::apply(const termios& settings) const {
  if (::tcsetattr(fd_, TCSANOW, &settings) != 0) {
    throw SysError("cannot change the terminal's settings");
  }
}

TerminalMode::~TerminalMode() {
  // Also from the background, where SIGTTOU would stop us; and at once: a terminal that the user
  // has paused (XOFF) would keep us waiting for its output.
  sigset_t stop;
  sigset_t saved;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, SIGTTOU);
  ::sigprocmask(SIG_BLOCK, &stop, &saved);
  ::tcsetattr(fd_, TCSANOW, &saved_);
  ::sigprocmask(SIG_SETMASK, &saved, nullptr);
}

RawMode::RawMode(int fd) : TerminalMode(fd) {
  termios raw = saved();
  ::cfmakeraw(&raw);
  apply(raw);
}

NoEcho::NoEcho(int fd) : TerminalMode(fd) {
  termios silent = saved();
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  apply(silent);
}

}  // namespace coracle::linux
