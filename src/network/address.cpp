// SPDX-License-Identifier: Apache-2.0
#include "coracle/network/address.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::network {

IpAddress::IpAddress(std::span<const std::uint8_t> bytes)
    : size_(static_cast<std::uint8_t>(bytes.size())) {
  if (bytes.size() != 4 && bytes.size() != 16) {
    throw Error(ErrorClass::internal, "{} bytes are no IP address", bytes.size());
  }
  std::ranges::copy(bytes, bytes_.begin());
}

std::optional<IpAddress> IpAddress::try_parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  address.size_ = text.find(':') == std::string_view::npos ? 4 : 16;
  if (::inet_pton(address.family(), terminated.c_str(), address.bytes_.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

IpAddress IpAddress::parse(std::string_view text, std::string_view what) {
  if (auto address = try_parse(text)) return *address;
  throw Error(ErrorClass::invalid_argument, "{} '{}' is no IP address", what, text);
}

bool IpAddress::is_loopback() const noexcept {
  if (!is_v6()) return bytes_[0] == 127;
  return bytes_.back() == 1 &&
         std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_any() const noexcept {
  return std::ranges::all_of(bytes_, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_link_local() const noexcept {
  if (!is_v6()) return bytes_[0] == 169 && bytes_[1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::string IpAddress::str() const {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(family(), bytes_.data(), text, sizeof text);
  return text;
}

std::string IpAddress::bracketed() const {
  return is_v6() ? "[" + str() + "]" : str();
}

IpAddress IpAddress::plus(std::uint64_t count) const noexcept {
  IpAddress sum = *this;
  for (std::size_t i = size_; i > 0 && count > 0; --i) {
    count += sum.bytes_[i - 1];
    sum.bytes_[i - 1] = static_cast<std::uint8_t>(count);
    count >>= 8;
  }
  return sum;
}

namespace {

/// The bits of byte `i` that belong to a prefix.
std::uint8_t mask_of(std::size_t i, unsigned prefix) noexcept {
  if (prefix >= 8 * (i + 1)) return 0xff;
  if (prefix <= 8 * i) return 0;
  return static_cast<std::uint8_t>(0xff00U >> (prefix - 8 * i));
}

IpAddress combine(const IpAddress& address, unsigned prefix, bool host_bits) noexcept {
  std::array<std::uint8_t, 16> bytes{};
  const auto given = address.bytes();
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::uint8_t mask = mask_of(i, prefix);
    bytes[i] = static_cast<std::uint8_t>((given[i] & mask) | (host_bits ? ~mask : 0));
  }
  return IpAddress({bytes.data(), given.size()});
}

}  // namespace

Subnet::Subnet(const IpAddress& address, unsigned prefix) noexcept
    : address_(combine(address, prefix, false)), prefix_(prefix) {}

std::optional<Subnet> Subnet::try_parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::try_parse(text.substr(0, slash));
  const auto prefix = parse_int(text.substr(slash + 1));
  if (!address || !prefix || *prefix < 0 || *prefix > address->bits()) return std::nullopt;
  return Subnet(*address, static_cast<unsigned>(*prefix));
}

Subnet Subnet::parse(std::string_view text, std::string_view what) {
  if (auto subnet = try_parse(text)) return *subnet;
  throw Error(ErrorClass::invalid_argument, "{} '{}' is no subnet: expected ADDRESS/PREFIX", what,
              text);
}

bool Subnet::contains(const IpAddress& address) const noexcept {
  return address.is_v6() == is_v6() && combine(address, prefix_, false) == address_;
}

bool Subnet::overlaps(const Subnet& other) const noexcept {
  return contains(other.address_) || other.contains(address_);
}

IpAddress Subnet::last() const noexcept {
  return combine(address_, prefix_, true);
}

std::optional<Subnet> Subnet::next() const noexcept {
  const Subnet following(last().plus(1), prefix_);
  if (following.address_ <= address_) return std::nullopt;
  return following;
}

std::string Subnet::str() const {
  return address_.str() + "/" + std::to_string(prefix_);
}

}  // namespace coracle::network
