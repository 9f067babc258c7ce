// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstddef>
#include <vector>

#include "monitor/memory.hpp"

namespace coracle::monitor {

/// What one turn of the loop waits for, put together anew for each: what is wanted of a descriptor
/// changes with almost every turn, and poll(2) takes that along for free where epoll would need a
/// call for each change.
class PollSet {
 public:
  PollSet() { entries_.reserve(16); }

  void clear() noexcept { entries_.clear(); }
  std::size_t size() const noexcept { return entries_.size(); }
  /// @returns the entry's place
  std::size_t add(int fd, short events) {
    entries_.push_back({fd, events, 0});
    return entries_.size() - 1;
  }
  /// @param timeout_ms  -1: no limit
  /// @returns how many are ready
  int wait(int timeout_ms) noexcept {
    return answer(::poll(entries_.data(), entries_.size(), timeout_ms));
  }
  /// The same, without the program's code in memory.
  int wait(int timeout_ms, const ReclaimableMemory& memory) noexcept {
    return answer(memory.wait_without_code(entries_.data(), entries_.size(), timeout_ms));
  }
  bool is_ready(std::size_t place) const noexcept { return entries_[place].revents != 0; }
  bool any_ready(std::size_t begin, std::size_t end) const noexcept {
    for (; begin < end; ++begin) {
      if (is_ready(begin)) return true;
    }
    return false;
  }

 private:
  int answer(int ready) noexcept {
    if (ready >= 0) return ready;
    for (auto& entry : entries_) entry.revents = 0;
    return 0;
  }

  std::vector<pollfd> entries_;
};

}  // namespace coracle::monitor
