// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace coracle::monitor {

/// Looks for the keys that detach among those typed. Keys that might begin the sequence are held back
/// until it is clear.
class KeyFilter {
 public:
  explicit KeyFilter(std::string sequence) : sequence_(std::move(sequence)) {}

  /// @param out  gets what is to be passed on
  /// @returns whether the sequence is complete
  bool feed(std::string_view typed, std::string& out);

 private:
  std::string sequence_;
  std::size_t matched_ = 0;
};

/// Writes all of it, waiting where a non-blocking descriptor says so. False when nobody reads.
bool write_fully(int fd, std::string_view data);

}  // namespace coracle::monitor
