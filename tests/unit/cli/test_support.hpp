// SPDX-License-Identifier: Apache-2.0
// A table of made up commands, and a way to run command lines on it.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace coracle::cli::test {

/// ps, run, kill, container {ls, kill, run}, image {ls}, images, fail, boom, and the real
/// completion, help and version commands.
CommandTable sample_table();

struct RunResult {
  int code = -1;
  std::string out;
  std::string err;
};

/// Runs `coracle WORDS…` on the sample table.
RunResult run_line(std::vector<std::string> words, CompletionSource* completions = nullptr);

}  // namespace coracle::cli::test
