// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace coracle::registry {

/// A moment at which waiting ends.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Deadline(std::chrono::milliseconds time) : end_(Clock::now() + time) {}

  bool has_passed() const { return Clock::now() >= end_; }
  /// For poll(2): rounded up, 0 when it has passed.
  int left_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
  }
  Deadline sooner(std::chrono::milliseconds time) const {
    Deadline other(time);
    other.end_ = std::min(other.end_, end_);
    return other;
  }

 private:
  Clock::time_point end_;
};

}  // namespace coracle::registry
