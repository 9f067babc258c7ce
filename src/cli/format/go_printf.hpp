// SPDX-License-Identifier: Apache-2.0
// Values as Go's package fmt writes them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/format/template_value.hpp"

namespace coracle::cli::format {

/// What stands between % and the verb.
struct FormatFlags {
  bool minus = false;
  bool plus = false;   ///< the sign of numbers
  bool names = false;  ///< %+v: the members' names of records
  bool sharp = false;
  bool space = false;
  bool zero = false;
  std::optional<int> width;
  std::optional<int> precision;
};

/// Appends one value as `%verb` writes it.
void append_formatted(std::string& out, const Value& value, char32_t verb,
                      const FormatFlags& flags);

std::string go_sprintf(std::string_view format, std::span<const Value> arguments);
/// Spaces between operands when neither side is a string.
std::string go_sprint(std::span<const Value> arguments);
/// Spaces between all operands, and a newline.
std::string go_sprintln(std::span<const Value> arguments);
/// %v, except that no value is <no value>: what {{.X}} writes.
std::string print_value(const Value& value);
/// strconv.Quote
std::string quote_go_string(std::string_view text, char quote = '"', bool ascii_only = false);

}  // namespace coracle::cli::format
