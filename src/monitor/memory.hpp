// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coracle::monitor {

/// The memory of this process that it can do without while it waits. A monitor waits nearly all its
/// life, and there are as many as containers.
class ReclaimableMemory {
 public:
  /// Looks for the mappings of the program's code and constants, and has them mapped in small
  /// pages.
  ReclaimableMemory();

  /// Gives back what the start of a container took: free heap, and the stack below the present
  /// frame.
  void release_unused() const noexcept;

  /// poll(2), with all code and constants out of memory meanwhile: they come back from the page
  /// cache, a few pages at a time, where they are needed again.
  /// @param timeout_ms  -1: no limit
  int wait_without_code(pollfd* entries, std::size_t count, int timeout_ms) const noexcept;

 private:
  struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
  };
  std::vector<Range> code_;  ///< the mapping of wait_without_code() itself at the end
  Range stack_;
};

}  // namespace coracle::monitor
