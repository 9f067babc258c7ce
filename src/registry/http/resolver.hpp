// SPDX-License-Identifier: Apache-2.0
// Host names to addresses. By c-ares and not by the C library, whose resolver wants to load its
// modules at run time, which a static program cannot.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <vector>

#include "coracle/linux/cancellation.hpp"
#include "registry/http/deadline.hpp"

namespace coracle::registry {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  int family() const noexcept { return storage.ss_family; }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  /// "192.0.2.1", "2001:db8::1"
  std::string str() const;
};

/// All addresses of a host, IPv4 or IPv6, in the order in which they should be tried (RFC 6724).
/// Numbers are taken as they are; /etc/hosts and /etc/resolv.conf are asked.
/// @throws Error naming the host: not_found when there is no such host, else unavailable
std::vector<Address> resolve_host(const std::string& host, std::uint16_t port,
                                  const Deadline& deadline,
                                  const linux::Cancellation& cancellation);

/// Addresses of the two families by turns, beginning with the first one's (RFC 8305, section 4).
std::vector<Address> interleave_families(std::vector<Address> addresses);

}  // namespace coracle::registry
