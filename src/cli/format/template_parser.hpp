// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "cli/format/template_ast.hpp"

namespace coracle::cli::format {

/// @param name         of the template, for messages
/// @param is_function  whether a function of that name exists
/// @throws Error invalid_argument, worded as text/template does ("template: ps:1: …")
ParsedTemplate parse_template(std::string_view source, std::string_view name,
                              const std::function<bool(std::string_view)>& is_function);

/// The value of a number as the template language writes it: 42, 0x2a, 0b1, 1_000, 1.5e3, 'a' is
/// not one. Throws Error invalid_argument.
Json parse_go_number(std::string_view text);
/// What a "quoted" or `raw` string stands for, quotes included. Throws Error invalid_argument.
std::string unquote_go_string(std::string_view quoted);
/// The code point of a 'c' literal.
std::int64_t unquote_go_character(std::string_view quoted);

}  // namespace coracle::cli::format
