// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>

#include "network/links.hpp"
#include "support/errors.hpp"
#include "unit/network/network_support.hpp"

using namespace coracle;
using namespace coracle::network;
using test::as_namespace_root;
using test::has;
using test::ip;
using test::send_between;

TEST_CASE("hardware addresses") {
  CHECK(to_string(*try_parse_mac("02:42:0a:59:00:02")) == "02:42:0a:59:00:02");
  CHECK(try_parse_mac("AA:bb:CC:00:11:22"));
  for (const char* text : {"", "02:42:0a:59:00", "02:42:0a:59:00:02:03", "2:42:0a:59:00:02",
                           "0g:42:0a:59:00:02", "02-42-0a-59-00-02"}) {
    CHECK_FALSE(try_parse_mac(text));
  }
  const MacAddress mac = random_mac();
  CHECK((mac[0] & 3) == 2);
  CHECK(mac != random_mac());
  CHECK(to_string(mac_of(IpAddress::parse("10.89.0.2", "address"))) == "02:42:0a:59:00:02");
  const MacAddress six = mac_of(IpAddress::parse("fd00::2", "address"));
  CHECK((six[0] & 3) == 2);
  CHECK(six == mac_of(IpAddress::parse("fd00::2", "address")));
  CHECK(six != mac_of(IpAddress::parse("fd01::2", "address")));
}

TEST_CASE("bridges, pairs, addresses and routes") {
  CHECK(as_namespace_root([]() -> std::string {
          const linux::Fd outside = linux::make_network_namespace();
          const linux::Fd inside = linux::make_network_namespace();
          const MacAddress mac = *try_parse_mac("02:42:0a:59:00:02");
          linux::in_network_namespace(outside.get(), [&] {
            Links links;
            const unsigned bridge = links.add_bridge("br0", 1400);
            links.add_address(bridge, {ip("10.9.0.1"), 24});
            links.add_address(bridge, {ip("fd09::1"), 64});
            links.set_up(bridge);
            links.add_veth({"veth0", bridge, "eth0", inside.get(), mac, 1400});
            const auto found = links.find("veth0");
            if (!found || found->master != bridge || !found->is_up || found->mtu != 1400 ||
                found->kind != "veth") {
              throw Error(ErrorClass::internal, "veth0 is not as it should be");
            }
            if (links.find("none")) throw Error(ErrorClass::internal, "there is no such link");
          });
          linux::in_network_namespace(inside.get(), [&] {
            Links links;
            const auto link = links.find("eth0");
            if (!link || link->mac != mac) throw Error(ErrorClass::internal, "where is eth0?");
            links.add_address(link->index, {ip("10.9.0.2"), 24});
            links.add_address(link->index, {ip("fd09::2"), 64});
            links.set_up(link->index);
            links.add_route(link->index, Subnet::parse("0.0.0.0/0", "route"), ip("10.9.0.1"));
            links.add_route(link->index, Subnet::parse("10.77.0.0/16", "route"), ip("10.9.0.1"), 7);
            const auto routes = links.routes();
            if (std::ranges::find(routes, Subnet::parse("10.77.0.0/16", "route")) == routes.end()) {
              throw Error(ErrorClass::internal, "where is the route?");
            }
            if (links.addresses(link->index).size() < 2) {
              throw Error(ErrorClass::internal, "where are the addresses?");
            }
          });
          return send_between(inside.get(), outside.get(), ip("10.9.0.1")) + " " +
                 send_between(outside.get(), inside.get(), ip("fd09::2"));
        }) == "10.9.0.2 fd09::1");
}

TEST_CASE("what is there already, and what is gone already") {
  const std::string said = as_namespace_root([] {
    const linux::Fd place = linux::make_network_namespace();
    std::string text;
    linux::in_network_namespace(place.get(), [&] {
      Links links;
      links.add_bridge("br0", 0);
      text = test::error_of([&] { links.add_bridge("br0", 0); }).describe();
      links.remove("br0");
      links.remove("br0");
      text += links.find("br0") ? " still there" : " gone";
    });
    return text;
  });
  CHECK(has(said, "cannot make the bridge 'br0'"));
  CHECK(has(said, "File exists"));
  CHECK(has(said, " gone"));
}
