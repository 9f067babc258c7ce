// SPDX-License-Identifier: Apache-2.0
// What a caller gets of a process: its terminal, its pid in a file, its end.
#pragma once

#include <string>

#include "bundle/notify.hpp"
#include "coracle/bundle/containers.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/runtime/container.hpp"

namespace coracle::bundle {

/// How a pid file comes: when it is complete, so that whoever waits for it may read it at once, or
/// from the beginning, by who may make none when there is a pid.
enum class PidFile { when_complete, from_the_beginning };

/// What the caller has asked for, opened before this process may become somebody else who may not.
class Receiver {
 public:
  Receiver() = default;
  /// @throws Error invalid_argument for a terminal that nobody would hold
  Receiver(const Start& start, bool has_terminal, PidFile pid_file);

  /// Hands out the terminal, the pid and the pidfd.
  void take(runtime::StartedProcess& started);
  /// Takes back a pid file of a process that did not come to be.
  void withdraw() noexcept;

 private:
  std::string pid_path_;
  std::string pid_path_now_;  ///< where it is written
  linux::Fd console_;
  linux::Fd pidfd_socket_;
  linux::Fd pid_file_;
};

/// Descriptors 3 and up that a process gets: those asked for, and those of socket activation
/// (sd_listen_fds(3)), of which `env` tells it.
std::int64_t preserved_descriptors(const Start& start, std::vector<std::string>& env);

/// Hands on signals, the terminal, and that the program is ready, until the process has ended.
/// @param readiness  nullptr: nobody wants to know
/// @returns its exit code
int wait_attached(runtime::StartedProcess& started, Readiness* readiness = nullptr);

}  // namespace coracle::bundle
