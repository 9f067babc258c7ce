// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/network/port.hpp"
#include "support/errors.hpp"
#include "support/loopback.hpp"

using namespace coracle;
using namespace coracle::network;
using test::error_of;
using test::has;

TEST_CASE("protocols have names") {
  CHECK(parse_protocol("tcp") == Protocol::tcp);
  CHECK(parse_protocol("udp") == Protocol::udp);
  CHECK(parse_protocol("sctp") == Protocol::sctp);
  CHECK_FALSE(parse_protocol("TCP"));
  CHECK(to_string(Protocol::sctp) == "sctp");
}

TEST_CASE("a port that somebody has is named") {
  test::Listener listener;
  const PortMapping taken{std::nullopt, listener.port(), 80, 1, Protocol::tcp};
  const Error error = error_of([&] { require_free({taken}); });
  CHECK(error.error_class() == ErrorClass::conflict);
  CHECK(has(error.describe(), ":" + std::to_string(listener.port()) + "/tcp"));
  // Another address, and another protocol, are free.
  const auto other = IpAddress::parse("127.0.0.2", "address");
  require_free({{other, listener.port(), 80, 1, Protocol::tcp}});
  require_free({{std::nullopt, listener.port(), 80, 1, Protocol::udp}});
  listener.close();
  require_free({taken});
}

TEST_CASE("free ports are found") {
  for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
    const std::uint16_t first = find_free_port(std::nullopt, 3, protocol);
    CHECK(first >= 1024);
    require_free({{std::nullopt, first, 80, 3, protocol}});
  }
  CHECK(find_free_port(IpAddress::parse("127.0.0.1", "address"), 1, Protocol::tcp) != 0);
}
