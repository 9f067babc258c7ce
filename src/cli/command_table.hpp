// SPDX-License-Identifier: Apache-2.0
// Every command there is, one row each. Only the typed command's options are ever declared.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace coracle::cli {

CommandTable command_table();

/// The row of the command `word` inside the group `group` ("" for the top level), by its name or
/// an alias; nullptr if there is none.
const CommandRow* find_row(CommandTable table, std::string_view group, std::string_view word);
/// The rows directly inside a group, sorted by name.
std::vector<const CommandRow*> rows_in(CommandTable table, std::string_view group);
/// The last word of a path.
std::string_view last_word(std::string_view path);

/// The command that words name, and how many of them do so.
struct ResolvedCommand {
  const CommandRow* row = nullptr;
  std::size_t words = 0;
};

/// Goes down the groups as far as the words lead. The row is a group's if no command was named.
/// @param words  without options
/// @throws Error invalid_argument "unrecognized command `coracle foo`", with the nearest match
ResolvedCommand resolve_command(CommandTable table, std::span<const std::string> words);

}  // namespace coracle::cli
