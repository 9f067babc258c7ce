// SPDX-License-Identifier: Apache-2.0
// IP addresses and subnets as values, of either version.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace coracle::network {

class IpAddress {
 public:
  /// 0.0.0.0
  IpAddress() = default;
  /// In network order: 4 or 16 bytes.
  /// @throws Error internal for another size
  explicit IpAddress(std::span<const std::uint8_t> bytes);
  /// "10.0.0.1", "fd00::1" (inet_pton(3)); nothing for anything else.
  static std::optional<IpAddress> try_parse(std::string_view text);
  /// @param what  where it stands, for the error
  /// @throws Error invalid_argument
  static IpAddress parse(std::string_view text, std::string_view what);

  bool is_v6() const noexcept { return size_ == 16; }
  /// AF_INET or AF_INET6.
  int family() const noexcept { return is_v6() ? AF_INET6 : AF_INET; }
  unsigned bits() const noexcept { return size_ * 8U; }
  std::span<const std::uint8_t> bytes() const noexcept { return {bytes_.data(), size_}; }
  bool is_loopback() const noexcept;
  /// 0.0.0.0 or ::
  bool is_any() const noexcept;
  bool is_link_local() const noexcept;
  std::string str() const;
  /// As a URL or `ps` has it with a port: IPv6 in brackets.
  std::string bracketed() const;
  /// The address so many further on; wraps at the end of the address space.
  IpAddress plus(std::uint64_t count) const noexcept;

  /// IPv4 comes before IPv6.
  auto operator<=>(const IpAddress& other) const noexcept {
    if (const auto order = size_ <=> other.size_; order != 0) return order;
    return bytes_ <=> other.bytes_;
  }
  bool operator==(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint8_t size_ = 4;
};

/// A network address and how many bits of it count.
class Subnet {
 public:
  Subnet() = default;
  /// The bits that do not count are cleared.
  Subnet(const IpAddress& address, unsigned prefix) noexcept;
  /// "10.89.0.0/24", "fd00::/64". As netavark, an address inside stands for its network.
  static std::optional<Subnet> try_parse(std::string_view text);
  /// @throws Error invalid_argument
  static Subnet parse(std::string_view text, std::string_view what);

  const IpAddress& address() const noexcept { return address_; }
  unsigned prefix() const noexcept { return prefix_; }
  bool is_v6() const noexcept { return address_.is_v6(); }
  bool contains(const IpAddress& address) const noexcept;
  bool overlaps(const Subnet& other) const noexcept;
  /// The last address: the broadcast address of IPv4.
  IpAddress last() const noexcept;
  /// The subnet of the same size that follows; nothing at the end of the address space.
  std::optional<Subnet> next() const noexcept;
  std::string str() const;

  auto operator<=>(const Subnet&) const = default;

 private:
  IpAddress address_;
  unsigned prefix_ = 0;
};

}  // namespace coracle::network
