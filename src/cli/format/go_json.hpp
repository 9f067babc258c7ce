// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/format/template_value.hpp"

namespace coracle::cli::format {

/// encoding/json without HTML escapes: maps sorted by key, records in their order, whole floats
/// without a point.
std::string go_json(const Value& value);

}  // namespace coracle::cli::format
