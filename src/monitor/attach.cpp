// SPDX-License-Identifier: Apache-2.0
#include "coracle/monitor/attach.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/resolve.hpp"
#include "coracle/linux/terminal.hpp"
#include "monitor/keys.hpp"
#include "monitor/message.hpp"

namespace coracle::monitor {
namespace {

constexpr int k_proxied[] = {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM};

bool is_pipe_or_terminal(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || ::isatty(fd) != 0);
}

bool never_blocks(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || (S_ISCHR(info.st_mode) && ::isatty(fd) == 0));
}

/// The monitor must not block on what it writes to, and the flag that says so belongs to the open
/// file, which the caller's shell shares: so the file is opened anew. Invalid where that is refused.
linux::Fd reopen(int fd) {
  if (never_blocks(fd)) return linux::duplicate(fd);
  if (!is_pipe_or_terminal(fd)) return linux::Fd();
  return linux::Fd(
      ::open(linux::proc_path(fd).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

std::string parse_detach_keys(std::string_view text) {
  std::string keys;
  if (text.empty()) return keys;
  for (const auto& part : split(text, ',')) {
    if (part.size() == 1) {
      keys += part;
      continue;
    }
    const bool control = part.starts_with("ctrl-") && part.size() == 6;
    const char key = control ? part[5] : '\0';
    const bool letter = key >= 'a' && key <= 'z';
    const bool sign = key == '@' || (key >= '[' && key <= '_');
    if (!letter && !sign) {
      throw Error(ErrorClass::invalid_argument, "invalid detach keys '{}'", text);
    }
    keys += static_cast<char>(letter ? key - 'a' + 1 : key - '@');
  }
  return keys;
}

struct Attachment::State {
  int channel;
  AttachOptions options;
  linux::Fd signals;
  sigset_t old_mask{};
  std::optional<linux::RawMode> raw;
  linux::Fd keys;                       ///< towards the container's terminal
  std::array<linux::Fd, 2> relays;      ///< what the monitor could not be given itself
  KeyFilter filter;

  State(int channel_fd, AttachOptions attach_options)
      : channel(channel_fd), options(std::move(attach_options)), filter(options.detach_keys) {}
  ~State() {
    raw.reset();
    if (signals) ::sigprocmask(SIG_SETMASK, &old_mask, nullptr);
  }

  void take_signals() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    ::sigaddset(&wanted, SIGWINCH);
    if (options.signal_proxy) {
      for (const int number : k_proxied) ::sigaddset(&wanted, number);
    }
    ::sigprocmask(SIG_BLOCK, &wanted, &old_mask);
    signals.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  void send_hello() {
    Message hello;
    hello.kind = MessageKind::hello;
    std::vector<linux::Fd> given;
    if (options.input >= 0) {
      hello.flags |= k_has_input;
      given.push_back(offer_input());
    }
    if (options.output >= 0) {
      hello.flags |= k_has_output;
      given.push_back(offer_output(0, options.output));
    }
    if (options.error >= 0 && !options.terminal) {
      hello.flags |= k_has_error;
      given.push_back(offer_output(1, options.error));
    }
    add_size(hello);
    int raw_fds[3];
    for (std::size_t i = 0; i < given.size(); ++i) raw_fds[i] = given[i].get();
    if (!send_message(channel, hello, raw_fds, given.size())) {
      throw Error(ErrorClass::unavailable, "the container's monitor does not answer");
    }
  }

  linux::Fd offer_input() {
    if (!options.terminal || ::isatty(options.input) == 0) return linux::duplicate(options.input);
    // Keys pass through this process, which looks for those that detach.
    linux::Pipe pipe = linux::make_pipe();
    keys = std::move(pipe.write);
    return std::move(pipe.read);
  }

  linux::Fd offer_output(std::size_t index, int fd) {
    if (linux::Fd own = reopen(fd)) return own;
    linux::Pipe pipe = linux::make_pipe();
    ::fcntl(pipe.write.get(), F_SETFL, O_NONBLOCK);
    relays[index] = std::move(pipe.read);
    return std::move(pipe.write);
  }

  void add_size(Message& message) const {
    const int terminal = options.output >= 0 ? options.output : options.input;
    if (!options.terminal || terminal < 0) return;
    if (const auto size = linux::window_size(terminal)) {
      message.rows = size->rows;
      message.columns = size->columns;
    }
  }

  void handle_signals() {
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == sizeof info) {
      Message message;
      if (info.ssi_signo == SIGWINCH) {
        message.kind = MessageKind::resize;
        add_size(message);
        if (message.rows == 0) continue;
      } else {
        message.kind = MessageKind::signal;
        message.code = static_cast<int>(info.ssi_signo);
      }
      send_message(channel, message);
    }
  }

  /// Keys on their way; true when the user detached.
  bool handle_keys() {
    char buffer[1024];
    const ssize_t got = ::read(options.input, buffer, sizeof buffer);
    if (got <= 0) {
      if (got == 0 || (errno != EINTR && errno != EAGAIN)) keys.reset();
      return false;
    }
    std::string out;
    if (filter.feed({buffer, static_cast<std::size_t>(got)}, out)) return true;
    if (!write_fully(keys.get(), out)) keys.reset();
    return false;
  }

  void handle_relay(std::size_t index) {
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(relays[index].get(), buffer.data(), buffer.size());
    const int target = index == 0 ? options.output : options.error;
    if (got <= 0 || !write_fully(target, {buffer.data(), static_cast<std::size_t>(got)})) {
      relays[index].reset();
    }
  }

  void drain_relays() {
    for (std::size_t index = 0; index < relays.size(); ++index) {
      while (relays[index]) handle_relay(index);
    }
  }
};

Attachment::Attachment(int channel, AttachOptions options)
    : state_(std::make_unique<State>(channel, std::move(options))) {
  state_->take_signals();
  state_->send_hello();
}

Attachment::~Attachment() = default;

AttachResult Attachment::run() {
  State& state = *state_;
  if (state.keys) state.raw.emplace(state.options.input);
  while (true) {
    std::array<pollfd, 5> set{};
    set[0] = {state.channel, POLLIN, 0};
    set[1] = {state.signals.get(), POLLIN, 0};
    set[2] = {state.keys ? state.options.input : -1, POLLIN, 0};
    set[3] = {state.relays[0].get(), POLLIN, 0};
    set[4] = {state.relays[1].get(), POLLIN, 0};
    if (::poll(set.data(), set.size(), -1) < 0 && errno != EINTR) {
      throw SysError("cannot wait for the container");
    }
    if (set[1].revents != 0) state.handle_signals();
    if (set[2].revents != 0 && state.handle_keys()) return {AttachResult::Kind::detached, 0};
    if (set[3].revents != 0) state.handle_relay(0);
    if (set[4].revents != 0) state.handle_relay(1);
    if (set[0].revents == 0) continue;
    Packet packet;
    const Receive received = receive_message(state.channel, packet, false);
    if (received == Receive::nothing) continue;
    if (received == Receive::closed) return {AttachResult::Kind::lost, 0};
    if (packet.message.kind == MessageKind::exited) {
      state.drain_relays();
      return {AttachResult::Kind::exited, packet.message.code};
    }
  }
}

}  // namespace coracle::monitor
