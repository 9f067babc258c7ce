// SPDX-License-Identifier: Apache-2.0
// Go's literals: numbers, quoted strings and characters.
#include <charconv>
#include <cstdint>
#include <limits>

#include "cli/format/template_parser.hpp"
#include "cli/format/utf8.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli::format {
namespace {

[[noreturn]] void bad(std::string_view what, std::string_view text) {
  throw Error(ErrorClass::invalid_argument, "{}: {:?}", what, text);
}

/// Removes the digit separators of `1_000`.
std::string without_underscores(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
    } else if (i == 0 || i + 1 == text.size() || text[i + 1] == '_') {
      bad("bad number syntax", text);
    }
  }
  return digits;
}

int base_of(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  switch (digits[1]) {
    case 'x':
    case 'X': digits.remove_prefix(2); return 16;
    case 'b':
    case 'B': digits.remove_prefix(2); return 2;
    case 'o':
    case 'O': digits.remove_prefix(2); return 8;
    default: digits.remove_prefix(1); return 8;
  }
}

bool is_float(std::string_view digits) {
  const bool hexadecimal = digits.starts_with("0x") || digits.starts_with("0X");
  return digits.find_first_of(hexadecimal ? ".pP" : ".eE") != std::string_view::npos;
}

Json parse_float(std::string_view digits, bool negative, std::string_view original) {
  auto format = std::chars_format::general;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    digits.remove_prefix(2);
    format = std::chars_format::hex;
  }
  double value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, format);
  if (error != std::errc{} || stop != end) bad("bad number syntax", original);
  return negative ? -value : value;
}

/// One code unit of a quoted literal, escapes resolved. Go's `\x` and octal escapes stand for
/// bytes.
class Unquoter {
 public:
  Unquoter(std::string_view body, char quote) : rest_(body), quote_(quote) {}

  bool done() const { return rest_.empty(); }

  void next(std::string& out) {
    const char c = take();
    if (c == quote_ || c == '\n') fail();
    if (c != '\\') {
      out += c;
      return;
    }
    const char escape = take();
    constexpr std::string_view k_names = "abfnrtv\\";
    constexpr std::string_view k_values = "\a\b\f\n\r\t\v\\";
    if (const auto at = k_names.find(escape); at != std::string_view::npos) {
      out += k_values[at];
    } else if (escape == quote_) {
      out += quote_;
    } else if (escape == 'x') {
      out += static_cast<char>(digits(2, 16));
    } else if (escape == 'u' || escape == 'U') {
      append_utf8(out, code_point(digits(escape == 'u' ? 4 : 8, 16)));
    } else if (escape >= '0' && escape <= '7') {
      rest_ = std::string_view(rest_.data() - 1, rest_.size() + 1);
      const std::uint32_t value = digits(3, 8);
      if (value > 255) fail();
      out += static_cast<char>(value);
    } else {
      fail();
    }
  }

 private:
  [[noreturn]] static void fail() { throw Error(ErrorClass::invalid_argument, "invalid syntax"); }
  char take() {
    if (rest_.empty()) fail();
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  std::uint32_t digits(std::size_t count, int base) {
    std::uint32_t value = 0;
    const auto field = rest_.substr(0, count);
    const auto [stop, error] =
        std::from_chars(field.data(), field.data() + field.size(), value, base);
    if (error != std::errc{} || field.size() != count || stop != field.data() + count) fail();
    rest_.remove_prefix(count);
    return value;
  }
  static char32_t code_point(std::uint32_t value) {
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) fail();
    return value;
  }

  std::string_view rest_;
  char quote_;
};

std::string_view without_quotes(std::string_view quoted) {
  if (quoted.size() < 2) throw Error(ErrorClass::invalid_argument, "invalid syntax");
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

Json parse_go_number(std::string_view text) {
  std::string_view signless = text;
  const bool negative = signless.starts_with('-');
  if (negative || signless.starts_with('+')) signless.remove_prefix(1);
  const std::string plain = without_underscores(signless);
  std::string_view digits = plain;
  if (is_float(digits)) return parse_float(digits, negative, text);
  const int base = base_of(digits);
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error == std::errc::result_out_of_range) bad("integer overflow", text);
  const bool lone_zero = plain == "0";
  if (!lone_zero && (error != std::errc{} || stop != end)) bad("bad number syntax", text);
  constexpr auto k_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value > k_max + (negative ? 1 : 0)) bad("integer overflow", text);
  return negative ? static_cast<std::int64_t>(-value) : static_cast<std::int64_t>(value);
}

std::string unquote_go_string(std::string_view quoted) {
  const std::string_view body = without_quotes(quoted);
  std::string text;
  if (quoted.front() == '`') {
    // Go drops carriage returns from raw strings.
    for (const char c : body) {
      if (c != '\r') text += c;
    }
    return text;
  }
  Unquoter unquoter(body, quoted.front());
  while (!unquoter.done()) unquoter.next(text);
  return text;
}

std::int64_t unquote_go_character(std::string_view quoted) {
  const std::string_view body = without_quotes(quoted);
  std::string text;
  Unquoter unquoter(body, '\'');
  while (!unquoter.done()) unquoter.next(text);
  const bool byte_escape = body.starts_with("\\") && text.size() == 1;
  if (byte_escape) return static_cast<unsigned char>(text[0]);
  std::string_view rest = text;
  if (rest.empty()) throw Error(ErrorClass::invalid_argument, "invalid syntax");
  const char32_t value = take_utf8(rest);
  if (!rest.empty())
    throw Error(ErrorClass::invalid_argument, "malformed character constant: {}", quoted);
  return value;
}

}  // namespace coracle::cli::format
