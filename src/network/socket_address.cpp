// SPDX-License-Identifier: Apache-2.0
#include "network/socket_address.hpp"

#include <cstring>

namespace coracle::network {

SocketAddress::SocketAddress(const IpAddress& address, std::uint16_t port) noexcept {
  if (address.is_v6()) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage_);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof v6.sin6_addr);
    size_ = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage_);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), sizeof v4.sin_addr);
    size_ = sizeof v4;
  }
}

IpAddress SocketAddress::address() const {
  if (storage_.ss_family != AF_INET6) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage_);
    return IpAddress({reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), sizeof v4.sin_addr});
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage_);
  const auto* bytes = v6.sin6_addr.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return IpAddress({bytes + 12, 4});
  return IpAddress({bytes, sizeof v6.sin6_addr});
}

std::uint16_t SocketAddress::port() const noexcept {
  // The port is at the same place in both.
  return ntohs(reinterpret_cast<const sockaddr_in&>(storage_).sin_port);
}

}  // namespace coracle::network
