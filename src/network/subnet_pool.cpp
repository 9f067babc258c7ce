// SPDX-License-Identifier: Apache-2.0
#include "coracle/network/subnet_pool.hpp"

#include <sys/random.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "network/links.hpp"

namespace coracle::network {
namespace {

bool is_free(const Subnet& candidate, const std::vector<Subnet>& taken) {
  return std::ranges::none_of(taken,
                              [&](const Subnet& subnet) { return subnet.overlaps(candidate); });
}

/// The first that comes after `candidate` and after a subnet that is in its way, but is aligned.
std::optional<Subnet> skip(const Subnet& candidate, const std::vector<Subnet>& taken) {
  IpAddress last = candidate.last();
  for (const auto& subnet : taken) {
    if (subnet.overlaps(candidate)) last = std::max(last, subnet.last());
  }
  return Subnet(last, candidate.prefix()).next();
}

}  // namespace

std::vector<SubnetPool> default_subnet_pools() {
  std::vector<SubnetPool> pools;
  for (const char* base :
       {"10.89.0.0/16", "10.90.0.0/15", "10.92.0.0/14", "10.96.0.0/11", "10.128.0.0/9"}) {
    pools.push_back({Subnet::parse(base, "subnet"), 24});
  }
  return pools;
}

Subnet choose_subnet(const std::vector<SubnetPool>& pools, const std::vector<Subnet>& taken) {
  for (const auto& pool : pools) {
    std::optional<Subnet> candidate = Subnet(pool.base.address(), pool.size);
    while (candidate && pool.base.contains(candidate->address())) {
      if (is_free(*candidate, taken)) return *candidate;
      candidate = skip(*candidate, taken);
    }
  }
  throw Error(ErrorClass::unavailable, "could not find free subnet from subnet pools");
}

std::vector<Subnet> routed_subnets() {
  std::vector<Subnet> subnets = Links().routes();
  std::erase_if(subnets, [](const Subnet& subnet) { return subnet.prefix() == 0; });
  return subnets;
}

Subnet random_local_subnet(const std::vector<Subnet>& taken) {
  for (;;) {
    std::uint8_t bytes[16] = {0xfd};
    if (::getrandom(bytes + 1, 7, 0) != 7) throw SysError("cannot get random bytes");
    const Subnet subnet(IpAddress(bytes), 64);
    if (is_free(subnet, taken)) return subnet;
  }
}

AddressRange usable_range(const Subnet& subnet) {
  AddressRange range{subnet.address(), subnet.last()};
  const unsigned host_bits = subnet.address().bits() - subnet.prefix();
  // Two addresses (RFC 3021), or one, are all usable.
  if (host_bits < 2) return range;
  range.first = range.first.plus(1);
  if (!subnet.is_v6()) {
    auto bytes = range.last.bytes();
    std::uint8_t before[4];
    std::ranges::copy(bytes, before);
    before[3] = static_cast<std::uint8_t>(before[3] - 1);
    range.last = IpAddress(before);
  }
  return range;
}

IpAddress choose_address(const AddressRange& range, const std::optional<IpAddress>& start,
                         const std::function<bool(const IpAddress&)>& is_taken) {
  const bool inside = start && *start >= range.first && *start <= range.last;
  const IpAddress begin = inside ? *start : range.first;
  IpAddress candidate = begin;
  // More than containers can ever be: of a range of IPv6 not all are tried.
  constexpr std::uint32_t k_most = 1U << 20;
  for (std::uint32_t tried = 0; tried < k_most; ++tried) {
    if (!is_taken(candidate)) return candidate;
    candidate = candidate == range.last ? range.first : candidate.plus(1);
    if (candidate == begin) break;
  }
  throw Error(ErrorClass::unavailable, "no free addresses in the range {} to {}", range.first.str(),
              range.last.str());
}

}  // namespace coracle::network
