// SPDX-License-Identifier: Apache-2.0
#include "cli/format/template_lexer.hpp"

#include <algorithm>
#include <array>

#include "coracle/base/error.hpp"

namespace coracle::cli::format {
namespace {

constexpr std::string_view k_space = " \t\r\n";
constexpr std::array<std::string_view, 10> k_keywords = {
    "if", "else", "end", "range", "with", "define", "template", "block", "break", "continue"};

bool is_space(char c) {
  return k_space.find(c) != std::string_view::npos;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
/// Bytes of multi-byte UTF-8 letters count as letters: identifiers may be in any script.
bool is_alphanumeric(char c) {
  return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

class Lexer {
 public:
  Lexer(std::string_view source, std::string_view name) : source_(source), name_(name) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) lex_text();
    emit(TokenKind::end_of_text, at_, at_);
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(std::string_view message) const {
    throw Error(ErrorClass::invalid_argument, "template: {}:{}: {}", name_, line_of(source_, at_),
                message);
  }

  void emit(TokenKind kind, std::size_t begin, std::size_t end) {
    tokens_.push_back({kind, source_.substr(begin, end - begin), begin});
  }

  bool starts(std::string_view prefix) const { return source_.substr(at_).starts_with(prefix); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  /// "{{- ": the marker counts only with white space behind it, because {{-3}} is a number.
  bool left_trim_at(std::size_t at) const {
    return at + 1 < source_.size() && source_[at] == '-' && is_space(source_[at + 1]);
  }

  void lex_text() {
    const std::size_t begin = at_;
    const std::size_t open = std::min(source_.find("{{", begin), source_.size());
    std::size_t end = open;
    if (open < source_.size() && left_trim_at(open + 2)) {
      while (end > begin && is_space(source_[end - 1])) --end;
    }
    if (end > begin) emit(TokenKind::text, begin, end);
    at_ = open;
    if (open < source_.size()) lex_action();
  }

  void lex_action() {
    const std::size_t open = at_;
    at_ += 2;
    const bool trimmed = left_trim_at(at_);
    if (source_.substr(at_ + (trimmed ? 2 : 0)).starts_with("/*")) {
      at_ += trimmed ? 2 : 0;
      return lex_comment();
    }
    emit(TokenKind::left_delim, open, open + 2);
    if (trimmed) ++at_;  // The white space behind the marker is lexed as such.
    parens_ = 0;
    while (!take_right_delim()) lex_inside();
  }

  void lex_comment() {
    const std::size_t close = source_.find("*/", at_ + 2);
    if (close == std::string_view::npos) fail("unclosed comment");
    at_ = close + 2;
    std::size_t end = at_;
    const bool trim = end < source_.size() && is_space(source_[end]) &&
                      source_.substr(end + 1).starts_with("-}}");
    if (trim) end += 2;
    if (!source_.substr(end).starts_with("}}")) fail("comment ends before closing delimiter");
    at_ = end + 2;
    if (trim) skip_space();
  }

  void skip_space() {
    while (at_ < source_.size() && is_space(source_[at_])) ++at_;
  }

  /// Takes "}}" or " -}}" if the action ends here.
  bool take_right_delim() {
    const bool trim =
        is_space(peek()) && source_.substr(std::min(at_ + 1, source_.size())).starts_with("-}}");
    if (!trim && !starts("}}")) return false;
    if (parens_ > 0) fail("unclosed left paren");
    if (trim) at_ += 2;
    emit(TokenKind::right_delim, at_, at_ + 2);
    at_ += 2;
    if (trim) skip_space();
    return true;
  }

  void single(TokenKind kind) {
    emit(kind, at_, at_ + 1);
    ++at_;
  }

  void lex_inside() {
    if (at_ >= source_.size()) fail("unclosed action");
    const char c = source_[at_];
    if (is_space(c)) return lex_space();
    if (is_alphanumeric(c) && !is_digit(c)) return lex_word();
    if (is_digit(c) || c == '+' || c == '-' || (c == '.' && is_digit(peek(1)))) return lex_number();
    switch (c) {
      case '=': return single(TokenKind::assign);
      case ':':
        if (peek(1) != '=') fail("expected :=");
        emit(TokenKind::declare, at_, at_ + 2);
        at_ += 2;
        return;
      case '|': return single(TokenKind::pipe);
      case ',': return single(TokenKind::comma);
      case '(': ++parens_; return single(TokenKind::left_paren);
      case ')':
        if (--parens_ < 0) fail("unexpected right paren");
        return single(TokenKind::right_paren);
      case '"': return lex_quoted('"', TokenKind::string, "unterminated quoted string");
      case '\'': return lex_quoted('\'', TokenKind::character, "unterminated character constant");
      case '`': return lex_raw_string();
      case '.': return lex_name(TokenKind::field);
      case '$': return lex_name(TokenKind::variable);
      default: fail(fmt::format("unrecognized character in action: {:?}", c));
    }
  }

  void lex_space() {
    const std::size_t begin = at_;
    // The last blank before "-}}" belongs to the delimiter.
    while (is_space(peek()) && !source_.substr(at_ + 1).starts_with("-}}")) ++at_;
    if (at_ > begin) emit(TokenKind::space, begin, at_);
  }

  /// ".Name" or "$name"; the name may be empty for `.` and `$`.
  void lex_name(TokenKind kind) {
    const std::size_t begin = at_++;
    while (is_alphanumeric(peek())) ++at_;
    check_terminator();
    const bool bare_dot = kind == TokenKind::field && at_ == begin + 1;
    emit(bare_dot ? TokenKind::dot : kind, begin, at_);
  }

  void lex_word() {
    const std::size_t begin = at_;
    while (is_alphanumeric(peek())) ++at_;
    check_terminator();
    const std::string_view word = source_.substr(begin, at_ - begin);
    if (std::ranges::find(k_keywords, word) != k_keywords.end()) {
      emit(TokenKind::keyword, begin, at_);
    } else if (word == "true" || word == "false") {
      emit(TokenKind::boolean, begin, at_);
    } else {
      emit(word == "nil" ? TokenKind::nil : TokenKind::identifier, begin, at_);
    }
  }

  /// What may stand right behind a name.
  void check_terminator() const {
    const char c = peek();
    if (at_ >= source_.size() || is_space(c) || starts("}}")) return;
    if (std::string_view(".,|:)(=").find(c) == std::string_view::npos) {
      fail(fmt::format("bad character {:?}", c));
    }
  }

  /// The exact syntax is checked when the number is converted.
  void lex_number() {
    const std::size_t begin = at_;
    if (peek() == '+' || peek() == '-') ++at_;
    while (is_alphanumeric(peek()) || peek() == '.' ||
           ((peek() == '+' || peek() == '-') &&
            std::string_view("eEpP").find(source_[at_ - 1]) != std::string_view::npos)) {
      ++at_;
    }
    emit(TokenKind::number, begin, at_);
  }

  void lex_quoted(char quote, TokenKind kind, std::string_view unterminated) {
    const std::size_t begin = at_++;
    while (peek() != quote) {
      if (at_ >= source_.size() || peek() == '\n') fail(unterminated);
      at_ += peek() == '\\' ? 2 : 1;
    }
    ++at_;
    emit(kind, begin, at_);
  }

  void lex_raw_string() {
    const std::size_t close = source_.find('`', at_ + 1);
    if (close == std::string_view::npos) fail("unterminated raw quoted string");
    emit(TokenKind::raw_string, at_, close + 1);
    at_ = close + 1;
  }

  std::string_view source_;
  std::string_view name_;
  std::size_t at_ = 0;
  int parens_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> lex_template(std::string_view source, std::string_view name) {
  return Lexer(source, name).run();
}

std::size_t line_of(std::string_view source, std::size_t offset) {
  const std::string_view before = source.substr(0, std::min(offset, source.size()));
  return static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1;
}

}  // namespace coracle::cli::format
