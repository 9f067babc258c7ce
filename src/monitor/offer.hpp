// SPDX-License-Identifier: Apache-2.0
// How a client hands its streams to the monitor.
#pragma once

#include "coracle/linux/fd.hpp"
#include "monitor/flow.hpp"

namespace coracle::monitor {

/// A stream for the monitor, and what the client has to do for it.
struct Offer {
  linux::Fd given;
  Flow relay;  ///< not open when the monitor was given the stream itself
};

/// The client's standard input.
Offer offer_input(int fd);
/// The client's standard output or error.
Offer offer_output(int fd);

}  // namespace coracle::monitor
