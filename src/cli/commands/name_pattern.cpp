// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/name_pattern.hpp"

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli {

std::regex parse_name_pattern(const std::string& text) {
  try {
    return std::regex(text, std::regex::ECMAScript | std::regex::nosubs);
  } catch (const std::regex_error&) {
    throw Error(ErrorClass::invalid_argument, "invalid regular expression '{}'", text);
  }
}

IdPattern::IdPattern(std::string text) {
  if (is_hex(text)) {
    beginning_ = std::move(text);
  } else {
    pattern_ = parse_name_pattern(text);
  }
}

bool IdPattern::fits(const std::string& id) const {
  return pattern_ ? std::regex_search(id, *pattern_) : id.starts_with(beginning_);
}

}  // namespace coracle::cli
