// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <toml++/toml.h>

namespace coracle::config {

/// @throws Error invalid_argument naming file and line
toml::table parse_toml(const std::string& text, const std::string& file);

}  // namespace coracle::config
