// SPDX-License-Identifier: Apache-2.0
// The functions that templates call: those of text/template and those that docker and podman add.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "cli/format/template_value.hpp"

namespace coracle::cli::format {

inline constexpr std::size_t k_any_number = static_cast<std::size_t>(-1);

struct Function {
  std::string_view name;
  std::size_t least;  ///< arguments
  std::size_t most;   ///< arguments; k_any_number without a limit
  /// Throws Error with the bare reason; the evaluator says where. Empty for `and` and `or`, which
  /// do not evaluate all their arguments and belong to the evaluator.
  Value (*call)(std::span<const Value> arguments);
};

/// Nullptr if there is none of that name.
const Function* find_function(std::string_view name);

// Each file of functions has its table.
std::span<const Function> comparison_functions();
std::span<const Function> text_functions();
std::span<const Function> collection_functions();

[[noreturn]] void fail_call(std::string message);

}  // namespace coracle::cli::format
