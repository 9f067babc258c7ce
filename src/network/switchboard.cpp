// SPDX-License-Identifier: Apache-2.0
#include "coracle/network/switchboard.hpp"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <thread>

#include "coracle/base/error.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/scope_exit.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/network_namespace.hpp"
#include "network/links.hpp"
#include "network/nftables.hpp"

namespace coracle::network {

/// One container on one network.
struct Switchboard::Port {
  std::string container;
  std::string interface;  ///< this side's end
  std::vector<LinkAddress> addresses;
};

struct Switchboard::Place {
  BridgeNetwork network;
  unsigned bridge = 0;
  std::vector<Port> ports;
  std::map<Subnet, IpAddress> last;  ///< given, of each subnet: the next one is another

  bool is_taken(const IpAddress& address) const {
    const auto has = [&](const Port& port) {
      return std::ranges::any_of(
          port.addresses, [&](const LinkAddress& entry) { return entry.address == address; });
    };
    const bool is_gateway = std::ranges::any_of(
        network.subnets, [&](const BridgeSubnet& part) { return part.gateway == address; });
    return is_gateway || std::ranges::any_of(ports, has);
  }

  std::vector<LinkAddress> choose(const std::vector<IpAddress>& wanted);
};

namespace {

constexpr const char* k_table = "coracle";

void forward_packets(bool v6) {
  linux::write_existing("/proc/sys/net/ipv4/ip_forward", "1");
  if (v6) linux::write_existing("/proc/sys/net/ipv6/conf/all/forwarding", "1");
}

const BridgeSubnet& subnet_of(const BridgeNetwork& network, const IpAddress& address) {
  for (const auto& part : network.subnets) {
    if (part.subnet.contains(address)) return part;
  }
  throw Error(ErrorClass::invalid_argument,
              "requested static ip {} not in any subnet on network {}", address.str(),
              network.name);
}

void remove_quietly(const std::string& name) noexcept {
  try {
    Links().remove(name);
  } catch (const std::exception& error) {
    log::info("an interface is left behind: {}", error.what());
  }
}

/// The bridge with its addresses. One that a killed process has left is taken over.
unsigned make_bridge(const BridgeNetwork& network) {
  Links links;
  const auto left = links.find(network.bridge);
  if (left && left->kind != "bridge") {
    throw Error(ErrorClass::conflict, "the network interface '{}' is there already, and no bridge",
                network.bridge);
  }
  const unsigned index = left ? left->index : links.add_bridge(network.bridge, network.mtu);
  for (const auto& part : network.subnets) {
    if (part.gateway) links.add_address(index, {*part.gateway, part.subnet.prefix()});
  }
  links.set_up(index);
  return index;
}

std::vector<StaticRoute> routes_of(const BridgeNetwork& network, bool with_default) {
  std::vector<StaticRoute> routes = network.routes;
  if (!with_default || network.internal) return routes;
  for (const auto& part : network.subnets) {
    if (!part.gateway) continue;
    const char* everything = part.subnet.is_v6() ? "::/0" : "0.0.0.0/0";
    routes.push_back({Subnet::parse(everything, "route"), *part.gateway, std::nullopt});
  }
  return routes;
}

/// The kernel lets packets through a little after both ends are up; what is sent before is lost,
/// and tried again only after a second.
void await_running(const std::string& interface) {
  constexpr int k_attempts = 1000;
  constexpr std::chrono::milliseconds k_pause{1};
  Links links;
  for (int i = 0; i < k_attempts; ++i) {
    const auto link = links.find(interface);
    if (!link || link->is_running) return;
    std::this_thread::sleep_for(k_pause);
  }
}

void configure_inside(const std::string& interface, const std::vector<LinkAddress>& addresses,
                      const std::vector<StaticRoute>& routes) {
  Links links;
  const auto link = links.find(interface);
  if (!link) throw Error(ErrorClass::internal, "the interface '{}' is lost", interface);
  for (const auto& address : addresses) links.add_address(link->index, address);
  links.set_up(link->index);
  for (const auto& route : routes) {
    links.add_route(link->index, route.destination, route.gateway, route.metric);
  }
}

}  // namespace

std::vector<LinkAddress> Switchboard::Place::choose(const std::vector<IpAddress>& wanted) {
  std::vector<LinkAddress> chosen;
  for (const auto& address : wanted) {
    const BridgeSubnet& part = subnet_of(network, address);
    if (is_taken(address)) {
      throw Error(ErrorClass::conflict, "IP address {} is already allocated", address.str());
    }
    chosen.push_back({address, part.subnet.prefix()});
  }
  for (const auto& part : network.subnets) {
    const bool has_one = std::ranges::any_of(
        chosen, [&](const LinkAddress& entry) { return part.subnet.contains(entry.address); });
    if (has_one) continue;
    const auto before = last.find(part.subnet);
    std::optional<IpAddress> start;
    if (before != last.end()) start = before->second.plus(1);
    const IpAddress address = choose_address(
        part.range, start, [&](const IpAddress& candidate) { return is_taken(candidate); });
    last[part.subnet] = address;
    chosen.push_back({address, part.subnet.prefix()});
  }
  return chosen;
}

Switchboard::Switchboard() = default;
Switchboard::~Switchboard() = default;

bool Switchboard::is_empty() const noexcept {
  return places_.empty();
}

Switchboard::Place& Switchboard::open_place(const BridgeNetwork& network) {
  const auto found = places_.find(network.name);
  if (found != places_.end()) return *found->second;
  auto place = std::make_unique<Place>();
  place->network = network;
  place->bridge = make_bridge(network);
  forward_packets(std::ranges::any_of(
      network.subnets, [](const BridgeSubnet& part) { return part.subnet.is_v6(); }));
  Place& opened = *places_.emplace(network.name, std::move(place)).first->second;
  write_rules();
  return opened;
}

Attachment Switchboard::attach(const BridgeNetwork& network, const AttachRequest& request,
                               int container_namespace) {
  ScopeExit drop_unused([this] { this->drop_unused(); });  // After a failure it may be the first.
  Place& place = open_place(network);
  Attachment attachment;
  attachment.interface = request.interface;
  attachment.addresses = place.choose(request.addresses);
  attachment.mac = request.mac.value_or(random_mac());
  Port port{request.container, "veth" + random_hex(4), attachment.addresses};
  Links().add_veth({port.interface, place.bridge, request.interface, container_namespace,
                    attachment.mac, network.mtu});
  ScopeExit remove_interface([&] { remove_quietly(port.interface); });
  const auto routes = routes_of(network, request.default_route);
  linux::in_network_namespace(container_namespace, [&] {
    configure_inside(request.interface, attachment.addresses, routes);
  });
  await_running(port.interface);
  for (const auto& part : network.subnets) {
    if (part.gateway) attachment.gateways.push_back(*part.gateway);
  }
  place.ports.push_back(std::move(port));
  remove_interface.release();
  return attachment;
}

void Switchboard::detach(const std::string& container, const std::string& network) {
  for (auto& [name, place] : places_) {
    if (!network.empty() && name != network) continue;
    std::erase_if(place->ports, [&](const Port& port) {
      if (port.container != container) return false;
      remove_quietly(port.interface);
      return true;
    });
  }
  drop_unused();
}

void Switchboard::drop_unused() noexcept {
  const auto count = std::erase_if(places_, [](const auto& entry) {
    if (!entry.second->ports.empty()) return false;
    remove_quietly(entry.second->network.bridge);
    return true;
  });
  if (count == 0) return;
  try {
    write_rules();
  } catch (const std::exception& error) {
    log::info("rules are left behind: {}", error.what());
  }
}

void Switchboard::clear() noexcept {
  for (auto& [name, place] : places_) place->ports.clear();
  drop_unused();
}

/// All rules anew, in one transaction: whatever was there before, also what a killed process has
/// left.
void Switchboard::write_rules() {
  nft::Transaction changes;
  changes.remove_table(k_table);
  if (!places_.empty()) {
    constexpr std::int32_t k_after_routing = 100;  // NF_IP_PRI_NAT_SRC
    changes.add_table(k_table);
    changes.add_chain(k_table, "bridges");
    changes.add_chain(k_table, "leaving", {"nat", NF_INET_POST_ROUTING, k_after_routing});
    changes.add_chain(k_table, "crossing", {"filter", NF_INET_FORWARD, 0});
  }
  for (const auto& [name, place] : places_) {
    const BridgeNetwork& network = place->network;
    const std::string& bridge = network.bridge;
    changes.add_rule(k_table, "bridges", nft::Rule().require_output(bridge).drop());
    if (network.internal) {
      changes.add_rule(k_table, "crossing",
                       nft::Rule().require_input(bridge).require_other_output(bridge).drop());
      changes.add_rule(k_table, "crossing",
                       nft::Rule().require_output(bridge).require_other_input(bridge).drop());
      continue;
    }
    for (const auto& part : network.subnets) {
      changes.add_rule(
          k_table, "leaving",
          nft::Rule().require_source(part.subnet).require_other_output(bridge).masquerade());
    }
    if (network.isolated) {
      changes.add_rule(
          k_table, "crossing",
          nft::Rule().require_input(bridge).require_other_output(bridge).jump("bridges"));
    }
  }
  changes.commit();
}

}  // namespace coracle::network
