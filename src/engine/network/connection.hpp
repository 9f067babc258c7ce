// SPDX-License-Identifier: Apache-2.0
// How a container is to be connected to a network, as options say it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coracle/store/container_config.hpp"
#include "coracle/store/network_config.hpp"

namespace coracle::engine {

/// The part of --network behind the name: "alias=a,alias=b,ip=10.89.0.5,ip6=…,mac=…,
/// interface_name=eth1".
/// @throws Error invalid_argument
store::NetworkConnection parse_connection(std::string_view network, std::string_view options);
/// @throws Error invalid_argument for what is no address
void set_addresses(store::NetworkConnection& connection, const std::string& ip,
                   const std::string& ip6, const std::string& mac);
/// Gives interfaces to those that have none: "eth0", "eth1", …
/// @throws Error invalid_argument when two have the same
void name_interfaces(std::vector<store::NetworkConnection>& connections);
/// @throws Error invalid_argument for an address that belongs to no subnet of the network
void require_fitting(const store::NetworkConfig& network,
                     const store::NetworkConnection& connection);

}  // namespace coracle::engine
