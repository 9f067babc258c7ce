// SPDX-License-Identifier: Apache-2.0
// Sockets inside the container's network namespace that seem to be a client's of the host.
#pragma once

#include <cstdint>
#include <vector>

#include "coracle/linux/fd.hpp"
#include "coracle/network/forwarder.hpp"
#include "network/socket_address.hpp"

namespace coracle::network::forwarder {

/// A way to connect: from which address, to which.
struct Route {
  IpAddress from;
  IpAddress to;
};

class Dialer {
 public:
  /// Prepares the network namespace that the caller is in: what is answered to clients' addresses
  /// comes back to this process instead of going out. Where the kernel does not let it, all clients
  /// seem to be the stand-in.
  explicit Dialer(const ForwardTarget& target, bool with_datagrams);

  /// These are the addresses that the network namespace has now. Where one of the target's has
  /// gone, another of its kind takes its place.
  void follow(const std::vector<IpAddress>& addresses);
  /// The ways for a client, the best first.
  std::vector<Route> routes_for(const IpAddress& client) const;
  /// A socket on its way (connect(2) does not block), or an invalid one with errno.
  /// @param type  SOCK_STREAM or SOCK_DGRAM
  linux::Fd dial(const Route& route, std::uint16_t client_port, std::uint16_t port, int type) const;

 private:
  ForwardTarget target_;
  const bool has_v4_;
  const bool has_v6_;
  bool keeps_addresses_ = false;
  bool keeps_addresses_of_datagrams_ = false;
};

}  // namespace coracle::network::forwarder
