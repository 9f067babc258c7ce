// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace coracle::cli::format {

/// strconv.FormatFloat: `verb` is one of e, E, f, F, g, G; without a precision the shortest text
/// that reads back as the same value.
std::string format_go_float(double value, char verb, std::optional<int> precision);

}  // namespace coracle::cli::format
