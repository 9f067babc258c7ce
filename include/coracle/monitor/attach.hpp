// SPDX-License-Identifier: Apache-2.0
// The client's side of a monitor: attach the caller's streams, send signals, resize.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/linux/fd.hpp"

namespace coracle::monitor {

/// "ctrl-p,ctrl-q", "a,ctrl-@": the bytes that detach. Empty disables.
/// @throws Error invalid_argument
std::string parse_detach_keys(std::string_view text);

struct AttachOptions {
  int input = -1;    ///< -1: not attached
  int output = -1;
  int error = -1;
  bool terminal = false;     ///< the container has one
  std::string detach_keys;   ///< as parse_detach_keys gives them
  bool signal_proxy = true;  ///< hand on the signals this process gets
};

struct AttachResult {
  enum class Kind { exited, detached, lost };
  Kind kind = Kind::lost;
  int exit_code = 0;
};

/// Offers the streams over a channel or a connection; before await_start() at the launch.
class Attachment {
 public:
  Attachment(int channel, AttachOptions options);
  ~Attachment();
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;
  /// Stays until the container ends, the user detaches or the monitor is gone.
  AttachResult run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A connection to the monitor of a running container; invalid when there is none.
linux::Fd connect(const std::string& control_socket);
/// Has the monitor send a signal to the container's first process. False if nobody listens.
bool request_signal(const std::string& control_socket, int signal);

}  // namespace coracle::monitor
