// SPDX-License-Identifier: Apache-2.0
// What could stand at the cursor of a command line.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace coracle::cli {

/// What the shell does with the candidates; the numbers are those of cobra's protocol.
enum class CompletionDirective { files = 0, nothing_else = 4, directories = 16 };

struct Completions {
  std::vector<Candidate> candidates;
  CompletionDirective directive = CompletionDirective::nothing_else;
};

/// @param words  behind the program's name; the last is the one to complete, perhaps empty
Completions complete_words(CommandTable table, CompletionSource* source,
                           std::span<const std::string> words);

}  // namespace coracle::cli
