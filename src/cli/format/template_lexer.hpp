// SPDX-License-Identifier: Apache-2.0
// Go's text/template syntax, cut into tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::cli::format {

enum class TokenKind {
  end_of_text,
  text,         ///< literal output between actions, trim markers applied
  left_delim,   ///< {{
  right_delim,  ///< }}
  space,        ///< white space inside an action: `.A .B` are two operands, `.A.B` is one
  identifier,   ///< a function's name
  keyword,      ///< if, else, end, range, with, define, template, block, break, continue
  field,        ///< .Name
  variable,     ///< $ or $name
  dot,
  nil,
  boolean,
  number,
  character,  ///< 'a'
  string,     ///< "quoted", still with its quotes
  raw_string,
  left_paren,
  right_paren,
  pipe,
  declare,  ///< :=
  assign,   ///< =
  comma,
};

struct Token {
  TokenKind kind = TokenKind::end_of_text;
  std::string_view text;  ///< as it stands in the source
  std::size_t offset = 0;
};

/// @param source  must outlive the tokens, which point into it
/// @param name    of the template, for messages
/// @throws Error invalid_argument, worded as text/template does
std::vector<Token> lex_template(std::string_view source, std::string_view name);

/// The line of `offset`, counted from 1.
std::size_t line_of(std::string_view source, std::size_t offset);

}  // namespace coracle::cli::format
