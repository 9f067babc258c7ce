// SPDX-License-Identifier: Apache-2.0
// Tells work in several threads to stop: what waits in poll(2) wakes up.
#pragma once

#include <atomic>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::linux {

/// "interrupted", class unavailable.
class Interrupted : public Error {
 public:
  Interrupted() : Error(ErrorClass::unavailable, "interrupted") {}
};

class Cancellation {
 public:
  Cancellation();
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  /// From any thread or signal handler, any number of times.
  void cancel() noexcept;
  bool is_cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }
  /// @throws Interrupted once it is cancelled
  void check() const;
  /// Readable once it is cancelled.
  int fd() const noexcept { return event_.get(); }

 private:
  Fd event_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace coracle::linux
