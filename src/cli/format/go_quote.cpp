// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/format/go_printf.hpp"
#include "cli/format/utf8.hpp"

namespace coracle::cli::format {
namespace {

/// Near enough to unicode.IsPrint: controls, formats, surrogates, private use and the white space
/// other than U+0020 are escaped.
bool is_printable(char32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa1) || c == 0xad) return false;
  if (c == 0x1680 || (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f)) return false;
  if ((c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0xfeff) return false;
  return !(c >= 0xd800 && c < 0xf900) && !(c >= 0xfff0 && c < 0xfffc) && (c & 0xfffeU) != 0xfffe &&
         c < 0xe0000;
}

void append_escape(std::string& out, char32_t c) {
  constexpr std::string_view k_values = "\a\b\f\n\r\t\v";
  constexpr std::string_view k_names = "abfnrtv";
  const auto at = c < 0x80 ? k_values.find(static_cast<char>(c)) : std::string_view::npos;
  if (at != std::string_view::npos) {
    out += '\\';
    out += k_names[at];
  } else if (c < 0x20 || c == 0x7f) {
    out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(c));
  } else if (c < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(c));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(c));
  }
}

}  // namespace

std::string quote_go_string(std::string_view text, char quote, bool ascii_only) {
  std::string out(1, quote);
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = take_utf8(text);
    const std::string_view bytes = before.substr(0, before.size() - text.size());
    if (c == k_replacement && bytes.size() == 1) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[0]));
    } else if (c == static_cast<unsigned char>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (is_printable(c) && (c < 0x80 || !ascii_only)) {
      out += bytes;
    } else {
      append_escape(out, c);
    }
  }
  return out + quote;
}

}  // namespace coracle::cli::format
