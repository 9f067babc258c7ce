// SPDX-License-Identifier: Apache-2.0
// An error on its way to another process.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "coracle/base/error.hpp"

namespace coracle {

/// The error as text of at most k_error_text_size bytes, and back.
inline constexpr std::size_t k_error_text_size = 16 << 10;
std::string serialize_error(const Error& error);
/// Of a damaged text it is an error of the class internal.
Error parse_error(std::string_view text);

}  // namespace coracle
