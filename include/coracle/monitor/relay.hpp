// SPDX-License-Identifier: Apache-2.0
// A terminal of a process without a monitor (exec): relayed by the client itself.
#pragma once

#include <functional>
#include <string>

namespace coracle::monitor {

struct RelayOptions {
  int terminal = -1;  ///< the pty's master
  int input = -1;     ///< -1: nothing is typed
  std::string detach_keys;
  /// Another descriptor to wait for, asked for each time, -1: none; and what to do when it can be
  /// read.
  std::function<int()> aside;
  std::function<void()> on_aside;
};

enum class RelayEnd { ended, detached };

/// Relays between this process' terminal and the other until the process behind `pidfd` has ended
/// and everything it showed has been passed on.
RelayEnd relay_terminal(const RelayOptions& options, int pidfd);

}  // namespace coracle::monitor
