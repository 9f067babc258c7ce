// SPDX-License-Identifier: Apache-2.0
#include "monitor/termination.hpp"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "coracle/base/error.hpp"

namespace coracle::monitor {
namespace {

/// What the handler writes to: handlers have no other way to know.
volatile sig_atomic_t g_event = -1;

void report(int /*signal*/) {
  const int saved = errno;
  const uint64_t one = 1;
  (void)!::write(g_event, &one, sizeof one);
  errno = saved;
}

}  // namespace

Termination::Termination() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw SysError("cannot create an event descriptor");
  g_event = event_.get();
  struct sigaction action {};
  action.sa_handler = report;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);
}

Termination::~Termination() {
  ::signal(SIGTERM, SIG_IGN);
  g_event = -1;
}

void Termination::clear() const noexcept {
  uint64_t count = 0;
  (void)!::read(event_.get(), &count, sizeof count);
}

}  // namespace coracle::monitor
