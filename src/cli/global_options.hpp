// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/option_set.hpp"
#include "coracle/config/config.hpp"

namespace coracle::cli {

/// Options that stand before or after any command. What is not set here, the configuration reads
/// from the environment and from files.
struct GlobalOptions {
  config::Overrides overrides;
  std::string log_level = "warn";
  bool debug = false;
};

/// The options that commands inherit.
void declare_global_options(OptionSet& set, GlobalOptions& options);
/// Sets the log threshold. Throws Error invalid_argument for an unknown level.
void apply_log_level(const GlobalOptions& options);

}  // namespace coracle::cli
