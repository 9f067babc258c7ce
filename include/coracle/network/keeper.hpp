// SPDX-License-Identifier: Apache-2.0
// The process that keeps a user's bridge networks (coracle:network). There is one while containers
// are connected, and who needs it first starts it. It alone changes networks, so nothing has to be
// locked; a container that is gone, however it ended, is seen by its connection.
#pragma once

#include <string>

#include "coracle/linux/fd.hpp"
#include "coracle/network/switchboard.hpp"

namespace coracle::network {

struct KeeperPlan {
  std::string directory;  ///< for its socket, in the runroot
  /// Bridges in a network namespace of their own, and a helper that leads from there to the world:
  /// an ordinary user's. Else those of the caller's namespace.
  bool own_namespace = false;
};

/// A container's connection, held as long as it runs.
class KeeperConnection {
 public:
  /// Starts the keeper, forked from this single-threaded process, if there is none.
  /// @throws Error unavailable
  explicit KeeperConnection(const KeeperPlan& plan);

  /// As Switchboard::attach(); the world can be reached when it returns.
  Attachment attach(const BridgeNetwork& network, const AttachRequest& request,
                    int container_namespace);
  void detach(const std::string& network);
  /// The network namespace that the bridges are in; invalid: the caller's.
  linux::Fd bridge_namespace();

 private:
  linux::Fd socket_;
};

}  // namespace coracle::network
