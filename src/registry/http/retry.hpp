// SPDX-License-Identifier: Apache-2.0
// Trying again what failed for reasons that may pass.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

#include "coracle/base/error.hpp"
#include "coracle/linux/cancellation.hpp"

namespace coracle::registry {

struct RetryPolicy {
  int retries = 3;
  /// Between attempts; nothing: one second, then twice as long each time, a quarter more or less.
  std::optional<std::chrono::milliseconds> delay;
  /// Told why and when it is tried again. May be called by several threads.
  std::function<void(std::string_view)> notice;
};

/// How often something has been tried.
class Attempts {
 public:
  Attempts(const RetryPolicy& policy, const linux::Cancellation& cancellation)
      : policy_(policy), cancellation_(cancellation) {}

  /// Waits for the time of the next attempt. Throws `error` again when it will not pass by itself
  /// (only `unavailable` may), or when there have been enough.
  void wait_after(const Error& error);
  /// The next failure is the first one.
  void start_anew() noexcept { made_ = 0; }

 private:
  std::chrono::milliseconds delay_after(const Error& error) const;

  const RetryPolicy& policy_;
  const linux::Cancellation& cancellation_;
  int made_ = 0;
};

template <typename Work>
auto with_retries(const RetryPolicy& policy, const linux::Cancellation& cancellation, Work work) {
  for (Attempts attempts(policy, cancellation);;) {
    try {
      return work();
    } catch (const Error& error) {
      attempts.wait_after(error);
    }
  }
}

}  // namespace coracle::registry
