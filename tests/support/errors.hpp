// SPDX-License-Identifier: Apache-2.0
// What went wrong, as a value.
#pragma once

#include <string_view>

#include "coracle/base/error.hpp"

namespace coracle::test {

/// The error that a piece of work ends with; one of the class internal if it ends well.
template <typename Work>
Error error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorClass::internal, "no error");
}

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace coracle::test
