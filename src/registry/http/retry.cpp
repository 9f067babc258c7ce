// SPDX-License-Identifier: Apache-2.0
#include "registry/http/retry.hpp"

#include <errno.h>
#include <poll.h>

#include <algorithm>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <random>

#include "registry/http/deadline.hpp"
#include "registry/http/status_error.hpp"

namespace coracle::registry {
namespace {

constexpr std::chrono::milliseconds k_first_delay{1000};
constexpr std::chrono::milliseconds k_longest_delay{60'000};
/// A server that wants to be left alone for longer gets its wish.
constexpr std::chrono::seconds k_longest_request{300};

void sleep_for(std::chrono::milliseconds time, const linux::Cancellation& cancellation) {
  const Deadline end(time);
  do {
    cancellation.check();
    pollfd set{cancellation.fd(), POLLIN, 0};
    ::poll(&set, 1, end.left_ms());
  } while (!end.has_passed());
  cancellation.check();
}

/// Invocations that failed together do not come back together.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds time) {
  thread_local std::minstd_rand generator(std::random_device{}());
  const auto quarter = time.count() / 4;
  return time + std::chrono::milliseconds(
                    std::uniform_int_distribution<std::int64_t>(-quarter, quarter)(generator));
}

}  // namespace

std::chrono::milliseconds Attempts::delay_after(const Error& error) const {
  const auto* status = dynamic_cast<const StatusError*>(&error);
  if (status != nullptr && status->retry_after()) return *status->retry_after();
  if (policy_.delay) return *policy_.delay;
  return with_jitter(std::min(k_first_delay * (1 << std::min(made_, 6)), k_longest_delay));
}

void Attempts::wait_after(const Error& error) {
  cancellation_.check();
  const auto delay = delay_after(error);
  if (error.error_class() != ErrorClass::unavailable || made_ >= policy_.retries ||
      delay > std::max<std::chrono::milliseconds>(k_longest_request,
                                                  policy_.delay.value_or(k_longest_request))) {
    throw;
  }
  ++made_;
  if (policy_.notice) {
    policy_.notice(fmt::format("failed, retrying in {:.1f}s ... ({}/{}): {}",
                               static_cast<double>(delay.count()) / 1000.0, made_, policy_.retries,
                               error.describe()));
  }
  sleep_for(delay, cancellation_);
}

}  // namespace coracle::registry
