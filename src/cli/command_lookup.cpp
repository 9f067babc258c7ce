// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/command_table.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli {
namespace {

std::string_view group_of(std::string_view path) {
  const auto space = path.rfind(' ');
  return space == std::string_view::npos ? std::string_view() : path.substr(0, space);
}

bool has_alias(const CommandRow& row, std::string_view word) {
  std::string_view rest = row.aliases;
  while (!rest.empty()) {
    const auto space = rest.find(' ');
    if (rest.substr(0, space) == word) return true;
    if (space == std::string_view::npos) break;
    rest.remove_prefix(space + 1);
  }
  return false;
}

[[noreturn]] void fail_unknown(CommandTable table, std::string_view group, std::string_view word) {
  std::vector<std::string> names;
  for (const CommandRow* row : rows_in(table, group)) {
    if (!row->hidden) names.emplace_back(last_word(row->path));
  }
  const std::string program = group.empty() ? "coracle" : "coracle " + std::string(group);
  std::string hint;
  if (const auto match = nearest_match(word, names)) {
    hint = "\nDid you mean this?\n\t" + *match + "\n\n";
  }
  hint += "Try '" + program + " --help' for more information";
  Error error(ErrorClass::invalid_argument, "unrecognized command `{} {}`", program, word);
  error.set_hint(std::move(hint));
  throw error;
}

}  // namespace

std::string_view last_word(std::string_view path) {
  return path.substr(path.rfind(' ') + 1);
}

const CommandRow* find_row(CommandTable table, std::string_view group, std::string_view word) {
  for (const CommandRow& row : table) {
    if (group_of(row.path) != group) continue;
    if (last_word(row.path) == word || has_alias(row, word)) return &row;
  }
  return nullptr;
}

std::vector<const CommandRow*> rows_in(CommandTable table, std::string_view group) {
  std::vector<const CommandRow*> rows;
  for (const CommandRow& row : table) {
    if (group_of(row.path) == group) rows.push_back(&row);
  }
  std::ranges::sort(rows, {}, &CommandRow::path);
  return rows;
}

ResolvedCommand resolve_command(CommandTable table, std::span<const std::string> words) {
  ResolvedCommand resolved;
  while (resolved.words < words.size()) {
    const std::string_view group = resolved.row == nullptr ? "" : resolved.row->path;
    const std::string& word = words[resolved.words];
    const CommandRow* row = find_row(table, group, word);
    if (row == nullptr) fail_unknown(table, group, word);
    resolved.row = row;
    ++resolved.words;
    if (row->verb.setup != nullptr) break;
  }
  return resolved;
}

}  // namespace coracle::cli
