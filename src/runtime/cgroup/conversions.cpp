// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "coracle/base/error.hpp"
#include "runtime/cgroup/settings_internal.hpp"

namespace coracle::runtime::cgroup {

std::uint64_t weight_of_shares(std::uint64_t shares) {
  constexpr std::uint64_t k_least = 2;
  constexpr std::uint64_t k_most = 262144;
  constexpr std::uint64_t k_most_weight = 10000;
  if (shares == 0) return 0;
  if (shares <= k_least) return 1;
  if (shares >= k_most) return k_most_weight;
  // The curve through (2, 1), (1024, 100) and (262144, 10000) that runc and crun have taken to in
  // 2025: with the straight line before it the default of 1024 became 39 and lost to everything
  // outside containers.
  const double doublings = std::log2(static_cast<double>(shares));
  const double exponent = (doublings * doublings + 125 * doublings) / 612.0 - 7.0 / 34.0;
  return static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent)));
}

std::uint64_t io_weight_of_blkio(std::uint64_t weight) {
  constexpr std::uint64_t k_least = 10;
  constexpr std::uint64_t k_most = 1000;
  if (weight == 0) return 0;
  return 1 + (std::clamp(weight, k_least, k_most) - k_least) * 9999 / (k_most - k_least);
}

std::optional<std::int64_t> swap_alone(std::optional<std::int64_t> memory_and_swap,
                                       std::optional<std::int64_t> memory) {
  const std::int64_t both = memory_and_swap.value_or(0);
  const std::int64_t limit = memory.value_or(0);
  // Memory without limit frees the swap, too, unless told otherwise (docker before cgroup v2).
  if (limit < 0 && both == 0) return -1;
  if (both == 0) return std::nullopt;
  if (both < 0) return -1;
  if (limit <= 0) {
    throw Error(ErrorClass::invalid_argument,
                "a limit of memory and swap ({} bytes) needs a limit of memory", both);
  }
  if (both < limit) {
    throw Error(ErrorClass::invalid_argument,
                "the limit of memory and swap ({} bytes) is below that of memory ({} bytes)", both,
                limit);
  }
  return both - limit;
}

std::string number_or_max(std::int64_t value) {
  return value < 0 ? "max" : std::to_string(value);
}

}  // namespace coracle::runtime::cgroup
