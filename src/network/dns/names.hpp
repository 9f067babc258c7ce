// SPDX-License-Identifier: Apache-2.0
// Which containers have which names and addresses.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/network/address.hpp"

namespace coracle::network::dns {

/// The domain that podman's containers find in their resolv.conf.
inline constexpr std::string_view k_domain = "dns.podman";

class Names {
 public:
  /// @param names    the container's name, its aliases on this network, …
  /// @param servers  that its other queries go to; empty: the network's
  void add(const std::string& container, const std::string& network,
           const std::vector<std::string>& names, const std::vector<IpAddress>& addresses,
           const std::vector<IpAddress>& servers = {});
  /// @param network  "": all of them
  void remove(const std::string& container, const std::string& network);

  /// The addresses that a name has for the container at this address: on the networks that both are
  /// on. With or without the domain; case does not matter.
  std::vector<IpAddress> find(const IpAddress& asking, std::string_view name) const;
  /// Whom a network's containers ask for other names, where they have nobody of their own.
  void set_servers(const std::string& network, std::vector<IpAddress> servers);
  /// Whom the container at this address asks for other names; empty: whom the host asks.
  std::vector<IpAddress> servers_for(const IpAddress& asking) const;
  /// The names of the container at an address, its own first.
  std::vector<std::string> names_of(const IpAddress& asking, const IpAddress& address) const;

 private:
  struct Entry {
    std::string container;
    std::string network;
    std::vector<std::string> names;  ///< as they were given
    std::vector<IpAddress> addresses;
    std::vector<IpAddress> servers;
  };

  std::set<std::string> networks_of(const IpAddress& address) const;
  void index();

  std::vector<Entry> entries_;
  std::multimap<std::string, std::size_t> by_name_;  ///< lower case
  std::multimap<IpAddress, std::size_t> by_address_;
  std::map<std::string, std::vector<IpAddress>> servers_;  ///< by network
};

}  // namespace coracle::network::dns
