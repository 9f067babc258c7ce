// SPDX-License-Identifier: Apache-2.0
// A container's way to the world, from its start to its end.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "coracle/linux/fd.hpp"
#include "coracle/network/forwarder.hpp"
#include "coracle/network/user_mode.hpp"
#include "coracle/store/container_config.hpp"

namespace coracle::engine {

/// What the files of a container say of the network.
struct NetworkFacts {
  std::string address;       ///< of the container; empty: it has none
  std::string host_address;  ///< by which it reaches the host; empty: it cannot
  std::string name_server;   ///< that stands for the host's; empty: there is none
};

class ContainerNetwork {
 public:
  explicit ContainerNetwork(const store::ContainerConfig& config) : config_(config) {}

  /// Whether there is anything to do.
  bool is_wanted() const noexcept;
  /// Makes the network namespace and sets about connecting it.
  /// @returns a path by which this process finds the namespace; empty when the container has a user
  ///          namespace of its own and its process has to make both
  std::string begin();
  /// The same for a namespace that the container's process has made.
  void begin_for(pid_t process);
  /// Returns when the container's program may run.
  void await();
  const NetworkFacts& facts() const noexcept { return facts_; }
  /// The helper that serves it, for the record.
  linux::ProcessIdentity helper() const;
  /// Ends it; what may take a while happens in the background, until the destructor or clean_up().
  void stop() noexcept;
  void clean_up() noexcept { user_mode_.reset(); }

 private:
  void make_plan();
  void serve_ports();
  network::UserModeHelper first_choice() const;
  void start(network::UserModeHelper helper);

  const store::ContainerConfig& config_;
  NetworkFacts facts_;
  network::UserModePlan plan_;
  linux::Fd namespace_;
  std::vector<network::Listener> listeners_;  ///< until somebody serves them
  std::unique_ptr<network::UserModeNetwork> user_mode_;
  std::unique_ptr<network::PortForwarder> forwarder_;
};

}  // namespace coracle::engine
