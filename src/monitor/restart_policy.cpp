// SPDX-License-Identifier: Apache-2.0
#include "monitor/restart_policy.hpp"

#include <algorithm>

namespace coracle::monitor {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_longest_wait{60'000};
/// A container that ran this long did not fail at its start.
constexpr milliseconds k_healthy_run{10'000};

}  // namespace

std::optional<milliseconds> RestartPolicy::after_run(int exit_code, milliseconds lasted) noexcept {
  switch (kind_) {
    case Restart::no: return std::nullopt;
    case Restart::on_failure:
      if (exit_code == 0 || (limit_ > 0 && restarts_ >= limit_)) return std::nullopt;
      break;
    case Restart::always: break;
  }
  ++restarts_;
  const bool is_first = delay_ == milliseconds::zero() || lasted >= k_healthy_run;
  delay_ = is_first ? first_ : std::min(delay_ * 2, k_longest_wait);
  return delay_;
}

}  // namespace coracle::monitor
