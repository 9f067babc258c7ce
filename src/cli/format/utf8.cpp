// SPDX-License-Identifier: Apache-2.0
#include "cli/format/utf8.hpp"

namespace coracle::cli::format {
namespace {

struct Lead {
  std::size_t length;
  char32_t bits;
  char32_t least;  ///< shorter encodings of the same value are invalid
};

Lead lead_of(unsigned char c) {
  if (c < 0x80) return {1, c, 0};
  if (c >= 0xc2 && c < 0xe0) return {2, c & 0x1fU, 0x80};
  if (c >= 0xe0 && c < 0xf0) return {3, c & 0x0fU, 0x800};
  if (c >= 0xf0 && c < 0xf5) return {4, c & 0x07U, 0x10000};
  return {0, 0, 0};
}

}  // namespace

char32_t take_utf8(std::string_view& text) {
  const Lead lead = lead_of(static_cast<unsigned char>(text.front()));
  char32_t value = lead.bits;
  bool valid = lead.length > 0 && lead.length <= text.size();
  for (std::size_t i = 1; valid && i < lead.length; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    valid = (c & 0xc0U) == 0x80;
    value = (value << 6U) | (c & 0x3fU);
  }
  valid = valid && value >= lead.least && value <= 0x10ffff && (value < 0xd800 || value >= 0xe000);
  text.remove_prefix(valid ? lead.length : 1);
  return valid ? value : k_replacement;
}

void append_utf8(std::string& out, char32_t code_point) {
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80U | ((code_point >> shift) & 0x3fU));
  };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xc0U | (code_point >> 6U));
    tail(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xe0U | (code_point >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0U | (code_point >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::size_t utf8_length(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) take_utf8(text);
  return count;
}

std::string_view utf8_prefix(std::string_view text, std::size_t count) {
  std::string_view rest = text;
  for (; count > 0 && !rest.empty(); --count) take_utf8(rest);
  return text.substr(0, text.size() - rest.size());
}

}  // namespace coracle::cli::format
