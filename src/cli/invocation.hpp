// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "cli/command.hpp"

namespace coracle::cli {

/// Everything an invocation touches, so that tests can hand in doubles.
struct Invocation {
  CommandTable table;
  Output& out;
  Output& err;
  int input = 0;
  CompletionSource* completions = nullptr;
};

/// Runs one command line (argv, with the program's name first). Prints errors; throws nothing.
/// @returns the exit code
int run_invocation(const Invocation& invocation, std::span<const std::string> argv) noexcept;

}  // namespace coracle::cli
