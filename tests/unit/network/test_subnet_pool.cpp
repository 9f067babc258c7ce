// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/network/subnet_pool.hpp"
#include "support/errors.hpp"
#include "unit/network/network_support.hpp"

using namespace coracle;
using namespace coracle::network;
using test::ip;
using test::net;

TEST_CASE("the first free subnet is chosen") {
  const auto pools = default_subnet_pools();
  CHECK(choose_subnet(pools, {}) == net("10.89.0.0/24"));
  CHECK(choose_subnet(pools, {net("10.89.0.0/24")}) == net("10.89.1.0/24"));
  CHECK(choose_subnet(pools, {net("10.89.0.128/25")}) == net("10.89.1.0/24"));
  CHECK(choose_subnet(pools, {net("10.89.1.0/24"), net("10.89.0.0/24"), net("fd00::/8")}) ==
        net("10.89.2.0/24"));
  // A large one is passed over in one step, also beyond the end of a pool.
  CHECK(choose_subnet(pools, {net("10.64.0.0/10")}) == net("10.128.0.0/24"));
  CHECK_THROWS_AS(choose_subnet(pools, {net("10.0.0.0/8")}), Error);
  CHECK_THROWS_AS(choose_subnet(pools, {net("0.0.0.0/0")}), Error);
  CHECK_THROWS_AS(choose_subnet({}, {}), Error);
  CHECK(choose_subnet({{net("192.168.0.0/30"), 31}}, {net("192.168.0.0/31")}) ==
        net("192.168.0.2/31"));
}

TEST_CASE("subnets of IPv6 are local, and chosen by chance") {
  std::set<std::string> seen;
  for (int i = 0; i < 8; ++i) {
    const Subnet subnet = random_local_subnet({});
    CHECK(subnet.prefix() == 64);
    CHECK(net("fd00::/8").contains(subnet.address()));
    seen.insert(subnet.str());
  }
  CHECK(seen.size() == 8);
}

TEST_CASE("the addresses that containers may have") {
  CHECK(usable_range(net("10.1.0.0/24")).first == ip("10.1.0.1"));
  CHECK(usable_range(net("10.1.0.0/24")).last == ip("10.1.0.254"));
  CHECK(usable_range(net("10.1.0.4/31")).first == ip("10.1.0.4"));
  CHECK(usable_range(net("10.1.0.4/31")).last == ip("10.1.0.5"));
  CHECK(usable_range(net("10.1.0.4/32")).last == ip("10.1.0.4"));
  CHECK(usable_range(net("fd00::/64")).first == ip("fd00::1"));
  CHECK(usable_range(net("fd00::/64")).last == ip("fd00::ffff:ffff:ffff:ffff"));
}

TEST_CASE("addresses are given one after the other, and around") {
  const AddressRange range{ip("10.1.0.2"), ip("10.1.0.5")};
  std::set<IpAddress> taken;
  const auto is_taken = [&](const IpAddress& address) { return taken.contains(address); };
  CHECK(choose_address(range, std::nullopt, is_taken) == ip("10.1.0.2"));
  CHECK(choose_address(range, ip("10.1.0.4"), is_taken) == ip("10.1.0.4"));
  CHECK(choose_address(range, ip("10.9.9.9"), is_taken) == ip("10.1.0.2"));
  taken = {ip("10.1.0.4"), ip("10.1.0.5")};
  CHECK(choose_address(range, ip("10.1.0.4"), is_taken) == ip("10.1.0.2"));
  taken.insert(ip("10.1.0.2"));
  CHECK(choose_address(range, ip("10.1.0.4"), is_taken) == ip("10.1.0.3"));
  taken.insert(ip("10.1.0.3"));
  CHECK(test::has(test::error_of([&] { choose_address(range, std::nullopt, is_taken); }).describe(),
                  "no free addresses"));
}
