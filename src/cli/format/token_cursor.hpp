// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/format/template_lexer.hpp"

namespace coracle::cli::format {

/// A place in the tokens of a template; the parsers share one.
class TokenCursor {
 public:
  /// Deeper nesting is no template a person wrote, and would cost us the stack.
  static constexpr int k_max_depth = 200;

  TokenCursor(std::string_view source, std::string_view name)
      : source_(source), name_(name), tokens_(lex_template(source, name)) {}

  std::string_view source() const noexcept { return source_; }
  const Token& current() const { return tokens_[at_]; }
  /// Returns the current token and goes on; the last one, the end of the text, repeats.
  const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  /// Undoes one next() that was not at the end of the text.
  void back() { --at_; }
  const Token& peek_non_space();
  const Token& next_non_space();
  const Token& expect(TokenKind kind, std::string_view context);
  /// Whether the tokens from here on are {{ and this keyword.
  bool at_action(std::string_view keyword) const;

  std::size_t position() const noexcept { return at_; }
  void rewind(std::size_t position) noexcept { at_ = position; }
  /// The token before the current one.
  const Token& previous() const { return tokens_[at_ - 1]; }
  /// Where the last token ends that was no space.
  std::size_t previous_end() const;

  [[noreturn]] void fail_at(const Token& token, std::string_view message) const;
  [[noreturn]] void unexpected(const Token& token, std::string_view context) const;

  /// One level of nesting, for as long as it lives.
  class Nested {
   public:
    explicit Nested(TokenCursor& cursor);
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    ~Nested() { --cursor_.depth_; }

   private:
    TokenCursor& cursor_;
  };

 private:
  std::string_view source_;
  std::string_view name_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace coracle::cli::format
