// SPDX-License-Identifier: Apache-2.0
#include "monitor/client_signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

namespace coracle::monitor {
namespace {

/// Not for the container: what our children, our own mistakes and our use of the terminal cause.
constexpr int k_own[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGURG, SIGPIPE, SIGTTIN, SIGTTOU,
                         SIGSEGV, SIGBUS,  SIGFPE,  SIGILL, SIGTRAP, SIGSYS};

}  // namespace

ClientSignals::ClientSignals(bool proxy, bool terminal) {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  if (proxy) {
    ::sigfillset(&wanted);
    for (const int number : k_own) ::sigdelset(&wanted, number);
  } else {
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH}) {
      ::sigaddset(&wanted, number);
    }
  }
  if (terminal) {
    ::sigaddset(&wanted, SIGTSTP);
    ::sigaddset(&wanted, SIGCONT);
  }
  ::sigprocmask(SIG_BLOCK, &wanted, &saved_);
  fd_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  // A container that closes its input must not end its client.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &broken_pipe_);
}

ClientSignals::~ClientSignals() {
  ::sigaction(SIGPIPE, &broken_pipe_, nullptr);
  ::sigprocmask(SIG_SETMASK, &saved_, nullptr);
}

std::optional<int> ClientSignals::next() const noexcept {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

void ClientSignals::give_in_to(int signal) const noexcept {
  struct sigaction standard {};
  struct sigaction saved {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(signal, &standard, &saved);
  sigset_t only;
  sigset_t blocked;
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  ::raise(signal);
  ::sigprocmask(SIG_UNBLOCK, &only, &blocked);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
  ::sigaction(signal, &saved, nullptr);
}

bool ends_by_default(int signal) noexcept {
  return signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;
}

}  // namespace coracle::monitor
