// SPDX-License-Identifier: Apache-2.0
// sd_notify(3) between the program of a container and the service manager that has started the
// caller, as runc has it: a socket in the container, of which the news that the program is ready
// are passed on, and nothing else. What it says is no reason to believe it anything.
#pragma once

#include <sys/types.h>

#include <string>

#include "bundle/state_directory.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/oci/runtime_spec.hpp"

namespace coracle::bundle {

/// Gives the container the directory of the socket, and tells its program of it: if there is a
/// service manager, and the engine has not seen to it itself.
void add_notify_socket(const StateDirectory& directory, oci::RuntimeSpec& spec);

/// The same for processes that are brought back: what they had counts, whoever calls now.
/// @param mounts  runtime::outer_mounts()
void bring_back_notify_socket(const StateDirectory& directory,
                              const std::vector<std::string>& mounts, oci::RuntimeSpec& spec);

/// What a container says of being ready.
class Readiness {
 public:
  /// Listens, if the container has such a socket and there is a service manager.
  explicit Readiness(const StateDirectory& directory);
  Readiness(Readiness&&) = default;
  Readiness& operator=(Readiness&&) = default;

  /// What a poll waits for; -1 when there is nothing to be heard any more.
  int fd() const noexcept { return socket_.get(); }
  /// Hears what has come, and passes on that the program is ready.
  void step() noexcept;
  /// Hears it until it has ended: who asks for a barrier after it is ready (systemd-notify(1)) has
  /// one, and whoever says more is not kept waiting.
  void wait(int pidfd);
  /// Hears it until it is ready or has ended, for a caller who will be gone then: from there on
  /// the program is the service's main process.
  void wait_and_hand_over(int pidfd, pid_t program);

 private:
  void listen(int pidfd, bool until_ready);

  std::string manager_;
  bool is_ready_ = false;
  linux::Fd socket_;
};

}  // namespace coracle::bundle
