// SPDX-License-Identifier: Apache-2.0
#include "coracle/monitor/relay.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <optional>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/linux/pty.hpp"
#include "coracle/linux/terminal.hpp"
#include "monitor/client_signals.hpp"
#include "monitor/flow.hpp"

namespace coracle::monitor {
namespace {

/// The state of one relay.
class TerminalRelay {
 public:
  TerminalRelay(const RelayOptions& options, int pidfd)
      : options_(options),
        pidfd_(pidfd),
        is_typed_(options.input >= 0 && ::isatty(options.input) != 0),
        signals_(false, is_typed_),
        slave_(linux::try_open_pty_slave(options.terminal)),
        shown_(linux::duplicate(options.terminal), linux::duplicate(STDOUT_FILENO)) {
    if (options.input < 0) return;
    typed_ = Flow(linux::duplicate(options.input), linux::duplicate(options.terminal));
    if (is_typed_) typed_.watch_for(options.detach_keys);
  }

  RelayEnd run() {
    if (is_typed_) raw_.emplace(options_.input);
    while (true) {
      if (!turn()) return RelayEnd::ended;
      if (typed_.has_detached()) return RelayEnd::detached;
    }
  }

 private:
  /// False when the process has ended and all that it showed is passed on.
  bool turn() {
    set_.clear();
    const std::size_t process = set_.add(ended_ ? -1 : pidfd_, POLLIN);
    const std::size_t signal = set_.add(signals_.fd(), POLLIN);
    const std::size_t aside = set_.add(options_.aside && !ended_ ? options_.aside() : -1, POLLIN);
    if (!ended_) typed_.want(set_);
    const std::size_t first = set_.size();
    shown_.want(set_);
    // After the end only what is there already is shown.
    const bool last = ended_ && shown_.is_empty();
    set_.wait(last ? 0 : -1);
    if (set_.is_ready(signal)) handle_signals();
    if (set_.is_ready(aside)) options_.on_aside();
    if (!ended_) typed_.step(set_);
    const bool quiet = !set_.any_ready(first, set_.size());
    shown_.step(set_);
    if (shown_.is_broken() && signals_.dies_of_broken_pipe()) die_of(SIGPIPE);
    if (set_.is_ready(process)) ended_ = true;
    return !(ended_ && !shown_.is_open()) && !(last && quiet);
  }

  void handle_signals() {
    while (const auto signal = signals_.next()) {
      if (*signal == SIGWINCH) {
        adopt_size();
      } else if (*signal == SIGCONT) {
        raw_.emplace(options_.input);
        adopt_size();
      } else {
        die_of(*signal);
      }
    }
  }

  /// Ends or stops this process, with its terminal in order.
  void die_of(int signal) {
    raw_.reset();
    signals_.give_in_to(signal);
  }

  void adopt_size() const {
    if (const auto size = linux::window_size(STDOUT_FILENO)) {
      linux::set_window_size(options_.terminal, *size);
    }
  }

  const RelayOptions& options_;
  int pidfd_;
  bool is_typed_;
  ClientSignals signals_;
  /// While we hold it, the program may close and reopen its terminal.
  linux::Fd slave_;
  Flow shown_;
  Flow typed_;
  std::optional<linux::RawMode> raw_;
  PollSet set_;
  bool ended_ = false;
};

}  // namespace

RelayEnd relay_terminal(const RelayOptions& options, int pidfd) {
  // Whoever types more than the program takes must not keep us from showing what it says.
  ::fcntl(options.terminal, F_SETFL, ::fcntl(options.terminal, F_GETFL) | O_NONBLOCK);
  return TerminalRelay(options, pidfd).run();
}

}  // namespace coracle::monitor
