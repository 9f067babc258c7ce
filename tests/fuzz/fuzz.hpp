// SPDX-License-Identifier: Apache-2.0
// What every fuzz target shares. A target feeds bytes to a parser that must either accept them or
// throw coracle::Error; anything else that leaves it, and any broken promise, ends the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "coracle/base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace coracle::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process when a property of the parser does not hold.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "property does not hold: %s\n", property);
  std::abort();
}

/// Runs `action`; a refusal by the parser is fine.
template <typename Action>
void tolerate_refusal(Action&& action) {
  try {
    action();
  } catch (const Error&) {
  }
}

/// For a value that was accepted: what it is written as must be accepted too and mean the same.
template <typename Value, typename Parse, typename Write>
void require_round_trip(const Value& value, Parse&& parse, Write&& write) {
  try {
    require(parse(write(value)) == value, "what was read and written reads back equal");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    require(false, "what was accepted and written is accepted");
  }
}

}  // namespace coracle::fuzz
