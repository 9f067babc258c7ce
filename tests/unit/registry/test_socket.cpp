// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "registry/http/resolver.hpp"
#include "registry/http/socket.hpp"
#include "support/errors.hpp"
#include "support/loopback.hpp"

using namespace coracle;
using namespace coracle::registry;
using namespace std::chrono_literals;

namespace {

using test::Listener;

template <typename Work>
std::string complaint(Work&& work) {
  const Error error = test::error_of(work);
  CHECK(error.error_class() == ErrorClass::unavailable);
  return error.describe();
}

}  // namespace

TEST_CASE("hosts and numbers become addresses") {
  const linux::Cancellation cancellation;
  const auto one = resolve_host("192.0.2.7", 80, Deadline(1s), cancellation);
  REQUIRE(one.size() == 1);
  CHECK(one[0].str() == "192.0.2.7");
  CHECK(resolve_host("2001:db8::1", 80, Deadline(1s), cancellation)[0].str() == "2001:db8::1");
  bool has_loopback = false;
  for (const auto& address : resolve_host("localhost", 80, Deadline(5s), cancellation)) {
    has_loopback = has_loopback || address.str() == "127.0.0.1" || address.str() == "::1";
  }
  CHECK(has_loopback);
}

TEST_CASE("families take turns") {
  const linux::Cancellation cancellation;
  std::vector<Address> addresses;
  for (const char* text : {"2001:db8::1", "2001:db8::2", "192.0.2.1", "2001:db8::3", "192.0.2.2"}) {
    addresses.push_back(resolve_host(text, 80, Deadline(1s), cancellation)[0]);
  }
  std::string order;
  for (const auto& address : interleave_families(addresses)) order += address.str() + " ";
  CHECK(order == "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3 ");
  CHECK(interleave_families({}).empty());
}

TEST_CASE("a connection carries bytes both ways") {
  const Listener listener;
  const linux::Cancellation cancellation;
  const Socket socket = Socket::connect("localhost", listener.port(), 5s, cancellation);
  const linux::Fd peer = listener.accept();
  CHECK(socket.write_some("ping", 4) == 4);
  char buffer[8] = {};
  REQUIRE(::read(peer.get(), buffer, sizeof buffer) == 4);
  REQUIRE(::write(peer.get(), buffer, 4) == 4);
  CHECK(socket.read_some(buffer, sizeof buffer) == 4);
  ::shutdown(peer.get(), SHUT_WR);
  CHECK(socket.read_some(buffer, sizeof buffer) == 0);
}

TEST_CASE("a port where nobody listens, and one that says nothing") {
  Listener listener;
  const linux::Cancellation cancellation;
  Socket socket = Socket::connect("127.0.0.1", listener.port(), 5s, cancellation);
  socket.set_patience(20ms);
  char buffer[8];
  CHECK(complaint([&] { socket.read_some(buffer, sizeof buffer); }).find("silent") !=
        std::string::npos);
  listener.close();
  const std::string refused =
      complaint([&] { Socket::connect("127.0.0.1", listener.port(), 5s, cancellation); });
  CHECK(refused.find("127.0.0.1:" + std::to_string(listener.port())) != std::string::npos);
  CHECK(refused.find("refused") != std::string::npos);
}

TEST_CASE("waiting ends when it is cancelled") {
  const Listener listener;
  linux::Cancellation cancellation;
  const Socket socket = Socket::connect("127.0.0.1", listener.port(), 5s, cancellation);
  std::thread canceller([&] {
    std::this_thread::sleep_for(20ms);
    cancellation.cancel();
  });
  char buffer[8];
  CHECK(complaint([&] { socket.read_some(buffer, sizeof buffer); }) == "interrupted");
  canceller.join();
  CHECK(complaint([&] { Socket::connect("127.0.0.1", listener.port(), 5s, cancellation); }) ==
        "interrupted");
}
