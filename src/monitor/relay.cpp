// SPDX-License-Identifier: Apache-2.0
#include "coracle/monitor/relay.hpp"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/linux/terminal.hpp"
#include "monitor/keys.hpp"

namespace coracle::monitor {

bool KeyFilter::feed(std::string_view typed, std::string& out) {
  if (sequence_.empty()) {
    out.append(typed);
    return false;
  }
  for (const char c : typed) {
    if (c == sequence_[matched_]) {
      if (++matched_ == sequence_.size()) return true;
      continue;
    }
    out.append(sequence_, 0, matched_);
    matched_ = c == sequence_[0] ? 1 : 0;
    if (matched_ == 0) out += c;
  }
  return false;
}

bool write_fully(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written >= 0) {
      data.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd entry{fd, POLLOUT, 0};
      ::poll(&entry, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

namespace {

/// SIGWINCH as a descriptor for the time of a relay.
class WindowChanges {
 public:
  WindowChanges() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    ::sigaddset(&wanted, SIGWINCH);
    ::sigprocmask(SIG_BLOCK, &wanted, &saved_);
    fd_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~WindowChanges() { ::sigprocmask(SIG_SETMASK, &saved_, nullptr); }
  WindowChanges(const WindowChanges&) = delete;
  WindowChanges& operator=(const WindowChanges&) = delete;

  int fd() const noexcept { return fd_.get(); }
  void take() const {
    signalfd_siginfo info{};
    while (::read(fd_.get(), &info, sizeof info) > 0) {
    }
  }

 private:
  linux::Fd fd_;
  sigset_t saved_{};
};

/// Passes on what the terminal shows; false when it is closed.
bool show(int terminal) {
  std::array<char, 16384> buffer;
  const ssize_t got = ::read(terminal, buffer.data(), buffer.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  return got > 0 && write_fully(STDOUT_FILENO, {buffer.data(), static_cast<std::size_t>(got)});
}

}  // namespace

RelayEnd relay_terminal(const RelayOptions& options, int pidfd) {
  const WindowChanges changes;
  std::optional<linux::RawMode> raw;
  if (options.input >= 0 && ::isatty(options.input) != 0) raw.emplace(options.input);
  KeyFilter keys(options.detach_keys);
  int input = options.input;
  bool ended = false;
  while (true) {
    std::array<pollfd, 4> set{{{options.terminal, POLLIN, 0},
                               {changes.fd(), POLLIN, 0},
                               {input, POLLIN, 0},
                               {ended ? -1 : pidfd, POLLIN, 0}}};
    // After the end only what is there already is shown.
    const int ready = ::poll(set.data(), set.size(), ended ? 0 : -1);
    if (ready < 0 && errno != EINTR) throw SysError("cannot wait for the terminal");
    if (ready == 0) return RelayEnd::ended;
    if (set[1].revents != 0) {
      changes.take();
      if (const auto size = linux::window_size(STDOUT_FILENO)) {
        linux::set_window_size(options.terminal, *size);
      }
    }
    if (set[2].revents != 0 && !ended) {
      std::array<char, 1024> buffer;
      const ssize_t got = ::read(input, buffer.data(), buffer.size());
      std::string out;
      if (got <= 0) {
        if (got == 0 || errno != EINTR) input = -1;
      } else if (keys.feed({buffer.data(), static_cast<std::size_t>(got)}, out)) {
        return RelayEnd::detached;
      } else if (!write_fully(options.terminal, out)) {
        input = -1;
      }
    }
    if (set[0].revents != 0 && !show(options.terminal)) return RelayEnd::ended;
    if (set[3].revents != 0) ended = true;
  }
}

}  // namespace coracle::monitor
