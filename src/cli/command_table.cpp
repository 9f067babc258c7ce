// SPDX-License-Identifier: Apache-2.0
#include "cli/command_table.hpp"

#include <array>

#include "cli/commands/commands.hpp"

namespace coracle::cli {
namespace {

// What a verb does is said once, however many paths lead to it.
constexpr Verb k_complete = {"Complete a command line", setup_complete};
constexpr Verb k_completion = {"Generate shell autocompletions", setup_completion};
constexpr Verb k_help = {"Help about any command", setup_help};
constexpr Verb k_version = {"Display the Coracle version information", setup_version};

constexpr auto k_table = std::to_array<CommandRow>({
    {"__complete", "", k_complete, true},
    {"completion", "", k_completion},
    {"help", "", k_help},
    {"version", "", k_version},
});

}  // namespace

CommandTable command_table() {
  return k_table;
}

}  // namespace coracle::cli
