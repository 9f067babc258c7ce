// SPDX-License-Identifier: Apache-2.0
// A terminal of a process without a monitor (exec): relayed by the client itself.
#pragma once

#include <string>

namespace coracle::monitor {

struct RelayOptions {
  int terminal = -1;  ///< the pty's master
  int input = -1;     ///< -1: nothing is typed
  std::string detach_keys;
};

enum class RelayEnd { ended, detached };

/// Relays between this process' terminal and the other until the process behind `pidfd` has ended
/// and everything it showed has been passed on.
RelayEnd relay_terminal(const RelayOptions& options, int pidfd);

}  // namespace coracle::monitor
