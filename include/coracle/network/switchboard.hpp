// SPDX-License-Identifier: Apache-2.0
// Networks of bridges: containers on one reach each other, and the world through it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coracle/network/address.hpp"
#include "coracle/network/link.hpp"
#include "coracle/network/subnet_pool.hpp"

namespace coracle::network {

struct BridgeSubnet {
  Subnet subnet;
  std::optional<IpAddress> gateway;  ///< the bridge's own address
  AddressRange range;                ///< for containers
};

struct StaticRoute {
  Subnet destination;
  IpAddress gateway;
  std::optional<std::uint32_t> metric;
};

struct BridgeNetwork {
  std::string name;
  std::string bridge;  ///< its interface
  std::vector<BridgeSubnet> subnets;
  std::vector<StaticRoute> routes;
  bool internal = false;  ///< without a way out
  bool isolated = true;   ///< from other networks
  unsigned mtu = 0;       ///< 0: the kernel's default
};

struct AttachRequest {
  std::string container;             ///< id
  std::string interface;             ///< in the container: "eth0"
  std::vector<IpAddress> addresses;  ///< wanted; of subnets without one any is taken
  std::optional<MacAddress> mac;
  bool default_route = true;  ///< the way to the world leads through this network
};

struct Attachment {
  std::string interface;
  std::vector<LinkAddress> addresses;
  std::vector<IpAddress> gateways;
  MacAddress mac{};
};

/// All bridges of a network namespace, which is the one that the caller is in. Knows who has which
/// address. What it has made in the kernel goes with the namespace, or with clear().
class Switchboard {
 public:
  Switchboard();
  ~Switchboard();
  Switchboard(const Switchboard&) = delete;
  Switchboard& operator=(const Switchboard&) = delete;

  /// Connects a container, and makes the bridge for the first.
  /// @param container_namespace  descriptor
  /// @throws Error conflict for an address that somebody has; invalid_argument for one that belongs
  ///         to no subnet; unavailable when there is none left
  Attachment attach(const BridgeNetwork& network, const AttachRequest& request,
                    int container_namespace);
  /// Forgets the container's addresses in a network, or in all of them (""), and takes its
  /// interfaces away if it still has them. The last one takes the bridge with it.
  void detach(const std::string& container, const std::string& network);
  bool is_empty() const noexcept;
  /// Takes away all bridges and rules.
  void clear() noexcept;

 private:
  struct Place;
  struct Port;
  Place& open_place(const BridgeNetwork& network);
  void write_rules();
  void drop_unused() noexcept;

  std::map<std::string, std::unique_ptr<Place>> places_;  ///< by network
};

}  // namespace coracle::network
