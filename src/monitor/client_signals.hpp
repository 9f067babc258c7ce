// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <optional>

#include "coracle/linux/fd.hpp"

namespace coracle::monitor {

/// The signals of a client as a descriptor, for as long as it is attached: those to hand on, and
/// those after which the terminal has to be put in order before the process stops or dies.
class ClientSignals {
 public:
  /// @param proxy     take every signal that can be handed on
  /// @param terminal  take those of job control, too
  ClientSignals(bool proxy, bool terminal);
  ~ClientSignals();
  ClientSignals(const ClientSignals&) = delete;
  ClientSignals& operator=(const ClientSignals&) = delete;

  int fd() const noexcept { return fd_.get(); }
  /// The next one that has come; nothing when there is none.
  std::optional<int> next() const noexcept;

  /// Lets the signal do to this process what it does by default: stop it, and return when it goes
  /// on; or end it.
  void give_in_to(int signal) const noexcept;
  /// Whether a broken pipe ended this process before it was attached.
  bool dies_of_broken_pipe() const noexcept { return broken_pipe_.sa_handler == SIG_DFL; }

 private:
  linux::Fd fd_;
  sigset_t saved_{};
  struct sigaction broken_pipe_ {};
};

/// Signals that come from the keyboard or from whoever wants this process to end.
bool ends_by_default(int signal) noexcept;

}  // namespace coracle::monitor
