// SPDX-License-Identifier: Apache-2.0
#include "monitor/offer.hpp"

#include <fcntl.h>

#include "coracle/base/error.hpp"
#include "coracle/linux/resolve.hpp"

namespace coracle::monitor {
namespace {

/// The monitor must not block, and the flag that says so belongs to the open file, which the user's
/// shell shares: so pipes and terminals are opened anew. Invalid where that is refused: another
/// user's, or without /proc.
linux::Fd open_anew(int fd, int flags) noexcept {
  return linux::try_open_at(AT_FDCWD, linux::proc_path(fd), flags | O_NONBLOCK | O_NOCTTY);
}

/// A pipe of which the monitor gets one end, and neither side waits for the other.
linux::Pipe make_relay_pipe() {
  linux::Pipe pipe = linux::make_pipe();
  for (const linux::Fd* end : {&pipe.read, &pipe.write}) {
    if (::fcntl(end->get(), F_SETFL, O_NONBLOCK) != 0) throw SysError("cannot set up a pipe");
  }
  return pipe;
}

}  // namespace

Offer offer_input(int fd) {
  const Endpoint own(linux::duplicate(fd));
  Offer offer;
  if (own.is_pipe()) {
    offer.given = open_anew(fd, O_RDONLY);
  } else if (!own.is_terminal()) {
    offer.given = linux::duplicate(fd);
  }
  // A terminal is read here, where job control applies: the monitor is of another session, and
  // would read what is typed for another job.
  if (offer.given) return offer;
  linux::Pipe pipe = make_relay_pipe();
  offer.given = std::move(pipe.read);
  offer.relay = Flow(linux::duplicate(fd), std::move(pipe.write));
  return offer;
}

Offer offer_output(int fd) {
  const Endpoint own(linux::duplicate(fd));
  Offer offer;
  // Files share their offset with the shell's description, so that it is kept.
  const bool reopens = own.is_pipe() || own.is_terminal();
  offer.given = reopens ? open_anew(fd, O_WRONLY) : linux::duplicate(fd);
  if (offer.given) return offer;
  linux::Pipe pipe = make_relay_pipe();
  offer.given = std::move(pipe.write);
  offer.relay = Flow(std::move(pipe.read), linux::duplicate(fd));
  return offer;
}

}  // namespace coracle::monitor
