// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "coracle/base/strings.hpp"
#include "coracle/oci/reference.hpp"
#include "oci/reference_grammar_internal.hpp"

namespace coracle::oci::grammar {
namespace {

bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) noexcept {
  return is_lower(c) || is_upper(c) || is_digit(c);
}
bool is_hex_digit(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Applies `check` to each part between separators; a leading or trailing one gives an empty part.
template <typename Check>
bool all_parts(std::string_view text, char separator, Check check) {
  while (true) {
    const auto at = text.find(separator);
    if (!check(text.substr(0, at))) return false;
    if (at == std::string_view::npos) return true;
    text.remove_prefix(at + 1);
  }
}

bool is_separator(std::string_view text) noexcept {
  return text == "." || text == "_" || text == "__" ||
         text.find_first_not_of('-') == std::string_view::npos;
}

bool is_path_component(std::string_view text) noexcept {
  const auto is_word = [](char c) { return is_lower(c) || is_digit(c); };
  if (text.empty() || !is_word(text.front()) || !is_word(text.back())) return false;
  while (!text.empty()) {
    const auto* word_end = std::ranges::find_if_not(text, is_word);
    text.remove_prefix(static_cast<std::size_t>(word_end - text.begin()));
    const auto* separator_end = std::ranges::find_if(text, is_word);
    const auto length = static_cast<std::size_t>(separator_end - text.begin());
    if (length > 0 && !is_separator(text.substr(0, length))) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_domain_component(std::string_view text) noexcept {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

}  // namespace

bool is_path(std::string_view text) noexcept {
  return all_parts(text, '/', is_path_component);
}

bool is_domain(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    const auto address = text.substr(1, end - 1);
    const auto rest = text.substr(end + 1);
    const bool is_address = !address.empty() && std::ranges::all_of(address, [](char c) {
      return is_hex_digit(c) || c == ':';
    });
    if (!is_address) return false;
    return rest.empty() ||
           (rest.size() > 1 && rest[0] == ':' && std::ranges::all_of(rest.substr(1), is_digit));
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos) {
    const auto port = text.substr(colon + 1);
    if (port.empty() || !std::ranges::all_of(port, is_digit)) return false;
    text = text.substr(0, colon);
  }
  return all_parts(text, '.', is_domain_component);
}

bool is_tag(std::string_view text) noexcept {
  if (text.empty() || text.size() > k_max_tag_length) return false;
  if (text.front() == '.' || text.front() == '-') return false;
  return std::ranges::all_of(
      text, [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_identifier(std::string_view text) noexcept {
  return text.size() == 64 && is_hex(text);
}

bool looks_like_domain(std::string_view component) noexcept {
  return component == k_localhost_domain ||
         component.find_first_of(".:[") != std::string_view::npos ||
         std::ranges::any_of(component, is_upper);
}

}  // namespace coracle::oci::grammar
