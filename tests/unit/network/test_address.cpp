// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/network/address.hpp"
#include "unit/network/network_support.hpp"

using namespace coracle;
using namespace coracle::network;
using test::ip;
using test::net;

TEST_CASE("addresses are read and written") {
  for (const char* text : {"0.0.0.0", "10.88.0.1", "255.255.255.255", "::", "fd00::1", "::1"}) {
    CHECK(ip(text).str() == text);
  }
  CHECK(ip("fd00:0:0::01").str() == "fd00::1");
  CHECK(ip("fd00::1").bracketed() == "[fd00::1]");
  for (const char* text :
       {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "fd00::1::2", "host", "1.2.3.4/8"}) {
    CHECK_FALSE(IpAddress::try_parse(text));
  }
  CHECK_THROWS_AS(ip("x"), Error);
}

TEST_CASE("kinds of addresses") {
  CHECK(ip("127.0.0.53").is_loopback());
  CHECK(ip("::1").is_loopback());
  CHECK_FALSE(ip("::").is_loopback());
  CHECK(ip("::").is_any());
  CHECK(ip("fe80::1").is_link_local());
  CHECK(ip("169.254.1.1").is_link_local());
  CHECK_FALSE(ip("fec0::1").is_link_local());
}

TEST_CASE("addresses are counted and ordered") {
  CHECK(ip("10.0.0.255").plus(1) == ip("10.0.1.0"));
  CHECK(ip("255.255.255.255").plus(1) == ip("0.0.0.0"));
  CHECK(ip("fd00::ffff").plus(2) == ip("fd00::1:1"));
  CHECK(ip("10.0.0.2") < ip("10.0.0.10"));
  CHECK(ip("255.0.0.0") < ip("::"));
}

TEST_CASE("subnets are read, and hold addresses") {
  CHECK(net("10.89.0.0/24").str() == "10.89.0.0/24");
  CHECK(net("10.89.0.7/24").str() == "10.89.0.0/24");
  CHECK(net("fd00:1::5/64").str() == "fd00:1::/64");
  CHECK(net("10.88.0.0/13").last() == ip("10.95.255.255"));
  CHECK(net("0.0.0.0/0").contains(ip("1.2.3.4")));
  CHECK_FALSE(net("0.0.0.0/0").contains(ip("::1")));
  CHECK(net("10.89.0.0/30").contains(ip("10.89.0.3")));
  CHECK_FALSE(net("10.89.0.0/30").contains(ip("10.89.0.4")));
  CHECK(net("10.0.0.0/8").overlaps(net("10.5.0.0/16")));
  CHECK(net("10.5.0.0/16").overlaps(net("10.0.0.0/8")));
  CHECK_FALSE(net("10.5.0.0/16").overlaps(net("10.6.0.0/16")));
  for (const char* text : {"10.0.0.0", "10.0.0.0/33", "fd00::/129", "10.0.0.0/-1", "/8", "x/8"}) {
    CHECK_FALSE(Subnet::try_parse(text));
  }
}

TEST_CASE("one subnet follows the other") {
  CHECK(net("10.89.0.0/24").next() == net("10.89.1.0/24"));
  CHECK(net("10.89.255.0/24").next() == net("10.90.0.0/24"));
  CHECK_FALSE(net("255.255.255.0/24").next());
}
