// SPDX-License-Identifier: Apache-2.0
#include "cli/format/template_functions.hpp"

#include <array>

#include "coracle/base/error.hpp"

namespace coracle::cli::format {
namespace {

constexpr std::array<Function, 2> k_lazy = {
    {{"and", 1, k_any_number, nullptr}, {"or", 1, k_any_number, nullptr}}};

}  // namespace

const Function* find_function(std::string_view name) {
  const std::array<std::span<const Function>, 4> tables = {
      text_functions(), collection_functions(), comparison_functions(), std::span(k_lazy)};
  for (const auto table : tables) {
    for (const Function& function : table) {
      if (function.name == name) return &function;
    }
  }
  return nullptr;
}

void fail_call(std::string message) {
  throw Error(ErrorClass::invalid_argument, std::move(message));
}

}  // namespace coracle::cli::format
