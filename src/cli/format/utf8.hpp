// SPDX-License-Identifier: Apache-2.0
// UTF-8 as Go's strings handle it: a byte that begins no valid sequence counts as one U+FFFD.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coracle::cli::format {

inline constexpr char32_t k_replacement = 0xfffd;

/// Takes one code point off the front of `text`, which must not be empty.
char32_t take_utf8(std::string_view& text);
void append_utf8(std::string& out, char32_t code_point);
/// The number of code points.
std::size_t utf8_length(std::string_view text);
/// At most `count` code points of the front.
std::string_view utf8_prefix(std::string_view text, std::size_t count);

}  // namespace coracle::cli::format
