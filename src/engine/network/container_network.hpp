// SPDX-License-Identifier: Apache-2.0
// A container's way to the world, from its start to its end.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coracle/linux/fd.hpp"
#include "engine/network/backend.hpp"

namespace coracle::engine {

class ContainerNetwork {
 public:
  ContainerNetwork(Context& context, const store::ContainerConfig& config);

  /// First of all: enters the namespaces that the container is to live in.
  void enter_namespaces(Context& context);
  /// Descriptors that were opened then and are needed later.
  std::vector<linux::Fd*> kept() { return backend_ ? backend_->kept() : std::vector<linux::Fd*>{}; }
  /// Whether there is anything to do.
  bool is_wanted() const noexcept { return backend_ != nullptr; }
  /// Makes the network namespace and sets about connecting it.
  /// @returns a path by which this process finds the namespace; empty when the container has a user
  ///          namespace of its own and its process has to make both
  std::string begin();
  /// The same for a namespace that the container's process has made.
  void begin_for(pid_t process);
  /// Returns when the container's program may run.
  void await();
  NetworkFacts facts() const;
  /// Whether the facts are others after await().
  bool learns_late() const noexcept { return backend_ && backend_->learns_late(); }
  std::vector<store::NetworkStatus> connected() const;
  /// The helper that serves it alone, for the record.
  linux::ProcessIdentity helper() const;
  /// A descriptor that becomes readable when connect_again() has something to do; -1: none.
  int alarm() const noexcept { return backend_ ? backend_->alarm() : -1; }
  void connect_again() noexcept;
  /// Ends it; what may take a while happens in the background, until the destructor or clean_up().
  void stop() noexcept;
  void clean_up() noexcept;

 private:
  void prepare();
  void serve_ports();

  const store::ContainerConfig& config_;
  linux::Fd namespace_;
  std::vector<network::Listener> listeners_;  ///< until somebody serves them
  std::unique_ptr<NetworkBackend> backend_;
  std::unique_ptr<network::PortForwarder> forwarder_;
};

}  // namespace coracle::engine
