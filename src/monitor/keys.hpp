// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace coracle::monitor {

/// Looks for the keys that detach among those typed. Keys that might begin the sequence are held
/// back until it is clear.
class KeyFilter {
 public:
  /// @param sequence  as parse_detach_keys gives it; empty: nothing detaches
  explicit KeyFilter(std::string sequence) : sequence_(std::move(sequence)) {}

  /// @param out  gets what is to be passed on
  /// @returns whether the sequence is complete
  bool feed(std::string_view typed, std::string& out);

 private:
  std::string sequence_;
  std::string held_;  ///< typed, and the beginning of the sequence
};

}  // namespace coracle::monitor
