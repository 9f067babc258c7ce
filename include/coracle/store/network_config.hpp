// SPDX-License-Identifier: Apache-2.0
// A network that containers can be connected to, as it was created. The record has the fields that
// netavark and `podman network inspect` have.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/base/json.hpp"

namespace coracle::store {

struct NetworkSubnet {
  std::string subnet;   ///< "10.89.0.0/24"
  std::string gateway;  ///< empty: there is none
  /// The addresses that containers get, first and last; empty: all of the subnet.
  std::string lease_start;
  std::string lease_end;

  bool operator==(const NetworkSubnet&) const = default;
};

struct NetworkRoute {
  std::string destination;  ///< a subnet
  std::string gateway;
  std::optional<std::int64_t> metric;

  bool operator==(const NetworkRoute&) const = default;
};

struct NetworkConfig {
  std::string name;
  std::string id;         ///< 64 hexadecimal digits
  std::string driver;     ///< bridge, macvlan or ipvlan
  std::string interface;  ///< of the host: the bridge, or the parent of the others
  std::string created;    ///< RFC 3339
  std::vector<NetworkSubnet> subnets;
  std::vector<NetworkRoute> routes;
  bool ipv6 = false;
  bool internal = false;  ///< without a way out
  bool dns = true;        ///< containers find each other by name
  std::vector<std::string> dns_servers;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> options;
  std::string ipam_driver;          ///< host-local, dhcp or none
  std::shared_ptr<const Json> raw;  ///< as read: fields of newer versions are kept
};

/// @param origin  what the text is, for messages
/// @throws Error invalid_argument when it is malformed or written in a newer format
NetworkConfig parse_network_config(std::string_view text, std::string_view origin);
std::string serialize(const NetworkConfig& config);
/// The members that inspect shows.
Json to_json(const NetworkConfig& config);

}  // namespace coracle::store
