// SPDX-License-Identifier: Apache-2.0
// An address and a port as the socket calls take them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <netinet/in.h>

#include "coracle/network/address.hpp"

namespace coracle::network {

class SocketAddress {
 public:
  /// To be filled by a call.
  SocketAddress() = default;
  SocketAddress(const IpAddress& address, std::uint16_t port) noexcept;

  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage_); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  /// For calls that fill it.
  socklen_t* size_pointer() noexcept { return &size_; }

  /// IPv4 where it is one, also one that an IPv6 socket shows (::ffff:192.0.2.1).
  IpAddress address() const;
  std::uint16_t port() const noexcept;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = sizeof storage_;
};

}  // namespace coracle::network
