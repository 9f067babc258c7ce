// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <fmt/format.h>

#include "cli/format/go_json.hpp"
#include "cli/format/go_printf.hpp"
#include "cli/format/template_functions.hpp"
#include "cli/format/utf8.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli::format {
namespace {

constexpr std::int64_t k_largest_padding = 10'000;

const std::string& text_of(const Value& value) {
  if (!value.is_string())
    fail_call("wrong type for value; expected string; got " + value.type_name());
  return value.text();
}

std::int64_t int_of(const Value& value) {
  if (!value.is_integer())
    fail_call("wrong type for value; expected int; got " + value.type_name());
  return value.json().get<std::int64_t>();
}

Value print(std::span<const Value> arguments) {
  return go_sprint(arguments);
}
Value println(std::span<const Value> arguments) {
  return go_sprintln(arguments);
}
Value printf(std::span<const Value> arguments) {
  return go_sprintf(text_of(arguments[0]), arguments.subspan(1));
}

Value json(std::span<const Value> arguments) {
  return go_json(arguments[0]);
}
Value lower(std::span<const Value> arguments) {
  return to_lower(text_of(arguments[0]));
}
Value upper(std::span<const Value> arguments) {
  return to_upper(text_of(arguments[0]));
}

/// The first letter of each word in upper case.
Value title(std::span<const Value> arguments) {
  std::string text = text_of(arguments[0]);
  bool at_start = true;
  for (char& c : text) {
    if (at_start && c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    const auto byte = static_cast<unsigned char>(c);
    const bool in_word = byte >= 0x80 || c == '_' || (c >= '0' && c <= '9') ||
                         (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    at_start = !in_word;
  }
  return text;
}

/// So many spaces before and after a text that is not empty.
Value pad(std::span<const Value> arguments) {
  const std::string& text = text_of(arguments[0]);
  const std::int64_t before = int_of(arguments[1]);
  const std::int64_t after = int_of(arguments[2]);
  if (text.empty()) return text;
  if (before < 0 || after < 0 || before > k_largest_padding || after > k_largest_padding) {
    fail_call("padding out of range");
  }
  return std::string(static_cast<std::size_t>(before), ' ') + text +
         std::string(static_cast<std::size_t>(after), ' ');
}

Value truncate(std::span<const Value> arguments) {
  const std::string& text = text_of(arguments[0]);
  const std::int64_t length = int_of(arguments[1]);
  if (length < 0) fail_call(fmt::format("length out of range: {}", length));
  return text.substr(0, static_cast<std::size_t>(length));
}

std::string single_text(std::span<const Value> arguments) {
  if (arguments.size() == 1 && arguments[0].is_string()) return arguments[0].text();
  return go_sprint(arguments);
}

Value html(std::span<const Value> arguments) {
  std::string out;
  for (const char c : single_text(arguments)) {
    switch (c) {
      case '\0': out += "\uFFFD"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c;
    }
  }
  return out;
}

Value js(std::span<const Value> arguments) {
  std::string out;
  for (const char c : single_text(arguments)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '\'' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '<' || c == '>' || c == '&' || c == '=' || byte < 0x20) {
      out += fmt::format("\\u{:04X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

Value urlquery(std::span<const Value> arguments) {
  std::string out;
  for (const char c : single_text(arguments)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

constexpr std::array<Function, 12> k_functions = {{{"print", 0, k_any_number, print},
                                                   {"println", 0, k_any_number, println},
                                                   {"printf", 1, k_any_number, printf},
                                                   {"json", 1, 1, json},
                                                   {"lower", 1, 1, lower},
                                                   {"upper", 1, 1, upper},
                                                   {"title", 1, 1, title},
                                                   {"pad", 3, 3, pad},
                                                   {"truncate", 2, 2, truncate},
                                                   {"html", 0, k_any_number, html},
                                                   {"js", 0, k_any_number, js},
                                                   {"urlquery", 0, k_any_number, urlquery}}};

}  // namespace

std::span<const Function> text_functions() {
  return k_functions;
}

}  // namespace coracle::cli::format
