// SPDX-License-Identifier: Apache-2.0
// The way of one command line: global options, command, its options, the call.
#include "cli/invocation.hpp"

#include <array>

#include "cli/command_table.hpp"
#include "cli/commands/oci/runtime_options.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/oci_command_line.hpp"
#include "coracle/base/error.hpp"

namespace coracle::cli {
namespace {

constexpr std::string_view k_version_line = "coracle version " CORACLE_VERSION "\n";

/// What stands before the command's options: the path of a command, found among global options.
/// While that is looked for, as far as it has been found.
struct Opening {
  const CommandRow* row = nullptr;
  std::vector<std::string> rest;  ///< behind the command's last word
  bool help = false;
};

void parse_opening(CommandTable table, std::span<const std::string> words,
                   std::span<OptionSet* const> sets, Opening& opening) {
  std::vector<std::string> path;
  while (true) {
    const std::string_view group = opening.row == nullptr ? "" : opening.row->path;
    ParsedArguments parsed;
    try {
      parsed = parse_arguments(words, sets, OptionsEnd::at_first_argument);
    } catch (Error& error) {
      const std::string see =
          fmt::format("See 'coracle{}{} --help'", group.empty() ? "" : " ", group);
      error.set_hint(error.hint().empty() ? see : error.hint() + "\n" + see);
      throw;
    }
    opening.rest = std::move(parsed.positionals);
    opening.help = parsed.help;
    if (opening.help || opening.rest.empty()) return;
    path.push_back(opening.rest.front());
    opening.row = resolve_command(table, path).row;
    opening.rest.erase(opening.rest.begin());
    if (opening.row->verb.setup != nullptr) return;
    if (opening.row->path == k_oci_path) opening.rest = put_oci_command_first(opening.rest);
    words = opening.rest;
  }
}

ParsedArguments parse_command_line(Command& command, std::span<const std::string> words,
                                   OptionSet& global) {
  if (command.is_raw()) return {{words.begin(), words.end()}, false};
  const std::array<OptionSet*, 2> sets = {&command.options(), &global};
  try {
    ParsedArguments parsed = parse_arguments(words, sets, command.options_end());
    if (!parsed.help) command.options().apply_environment();
    return parsed;
  } catch (Error& error) {
    const std::string see = fmt::format("See 'coracle {} --help'", command.path());
    error.set_hint(error.hint().empty() ? see : error.hint() + "\n" + see);
    throw;
  }
}

int print_group_help(const Invocation& invocation, const Opening& opening) {
  invocation.out.write(help_of_group(invocation.table, opening.row));
  if (opening.help) return 0;
  const std::string path = opening.row == nullptr ? "" : " " + std::string(opening.row->path);
  throw Error(ErrorClass::invalid_argument, "missing command 'coracle{} COMMAND'", path);
}

/// Of those that say none themselves. Who calls an OCI runtime wrongly hears what runc would say.
int exit_code_of_failures(const CommandRow* row) {
  const bool is_of_runtime =
      row != nullptr && row->path.substr(0, row->path.find(' ')) == k_oci_path;
  return is_of_runtime ? k_exit_runtime : k_exit_engine;
}

/// @param opening  what the line begins with, also when it fails
int run_command(const Invocation& invocation, std::span<const std::string> argv, Opening& opening) {
  GlobalOptions global;
  OptionSet global_set;
  declare_global_options(global_set, global);
  bool version = false;
  OptionSet root_set;
  root_set.add("version", 'v', version, "Show the version");
  const std::array<OptionSet*, 2> opening_sets = {&global_set, &root_set};

  parse_opening(invocation.table, argv.subspan(argv.empty() ? 0 : 1), opening_sets, opening);
  if (version) {
    invocation.out.write(k_version_line);
    return 0;
  }
  if (opening.row == nullptr || opening.row->verb.setup == nullptr) {
    return print_group_help(invocation, opening);
  }
  Command command(*opening.row);
  opening.row->verb.setup(command);
  const ParsedArguments parsed = parse_command_line(command, opening.rest, global_set);
  if (parsed.help) {
    invocation.out.write(help_of_command(command));
    return 0;
  }
  global_set.apply_environment();
  apply_log_level(global);
  command.argument_rule().check(command.path(), parsed.positionals.size());
  CommandContext context{.global = global,
                         .arguments = parsed.positionals,
                         .out = invocation.out,
                         .err = invocation.err,
                         .input = invocation.input,
                         .program = argv.empty() ? "coracle" : argv.front(),
                         .command_line = {argv.begin(), argv.end()},
                         .table = invocation.table,
                         .completions = invocation.completions};
  return command.execute(context);
}

}  // namespace

int run_invocation(const Invocation& invocation, std::span<const std::string> argv) noexcept {
  int code = k_exit_engine;
  bool failed = false;
  Opening opening;
  try {
    try {
      code = run_command(invocation, argv, opening);
    } catch (const std::exception& failure) {
      failed = true;
      // What was printed before comes first, as on a terminal.
      invocation.out.flush();
      code = report_failure(invocation.err, failure);
    }
    invocation.out.flush();
    invocation.err.flush();
  } catch (const std::exception& failure) {
    failed = true;
    code = report_failure(invocation.err, failure);
  }
  if (failed && code == k_exit_engine) return exit_code_of_failures(opening.row);
  if (!failed && code == 0 && invocation.out.broken()) return k_exit_broken_pipe;
  return code;
}

}  // namespace coracle::cli
