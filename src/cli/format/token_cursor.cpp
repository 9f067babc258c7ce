// SPDX-License-Identifier: Apache-2.0
#include "cli/format/token_cursor.hpp"

#include "coracle/base/error.hpp"

namespace coracle::cli::format {
namespace {

std::string describe(const Token& token) {
  if (token.kind == TokenKind::end_of_text) return "EOF";
  if (token.kind == TokenKind::keyword) return fmt::format("<{}>", token.text);
  constexpr std::size_t k_shown = 10;
  if (token.text.size() > k_shown) return fmt::format("{:?}...", token.text.substr(0, k_shown));
  return fmt::format("{:?}", token.text);
}

}  // namespace

const Token& TokenCursor::peek_non_space() {
  while (current().kind == TokenKind::space) ++at_;
  return current();
}

const Token& TokenCursor::next_non_space() {
  peek_non_space();
  return next();
}

const Token& TokenCursor::expect(TokenKind kind, std::string_view context) {
  const Token& token = next_non_space();
  if (token.kind != kind) unexpected(token, context);
  return token;
}

bool TokenCursor::at_action(std::string_view keyword) const {
  if (current().kind != TokenKind::left_delim) return false;
  std::size_t at = at_ + 1;
  while (tokens_[at].kind == TokenKind::space) ++at;
  return tokens_[at].kind == TokenKind::keyword && tokens_[at].text == keyword;
}

std::size_t TokenCursor::previous_end() const {
  std::size_t at = at_ - 1;
  while (at > 0 && tokens_[at].kind == TokenKind::space) --at;
  return tokens_[at].offset + tokens_[at].text.size();
}

void TokenCursor::fail_at(const Token& token, std::string_view message) const {
  throw Error(ErrorClass::invalid_argument, "template: {}:{}: {}", name_,
              line_of(source_, token.offset), message);
}

void TokenCursor::unexpected(const Token& token, std::string_view context) const {
  fail_at(token, fmt::format("unexpected {} in {}", describe(token), context));
}

TokenCursor::Nested::Nested(TokenCursor& cursor) : cursor_(cursor) {
  if (cursor_.depth_ >= k_max_depth) cursor_.fail_at(cursor_.current(), "nested too deep");
  ++cursor_.depth_;
}

}  // namespace coracle::cli::format
