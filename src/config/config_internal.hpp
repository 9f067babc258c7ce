// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "coracle/config/config.hpp"

namespace coracle::config {

/// Applies a coracle.conf to `config`. Unknown keys are ignored: containers.conf has many.
void apply_toml(const std::string& text, const std::string& file, Config& config);

}  // namespace coracle::config
