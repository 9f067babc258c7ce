// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include "cli/command_table.hpp"
#include "cli/commands/commands.hpp"

namespace coracle::cli {
namespace {

int run_help(CommandContext& context) {
  const CommandRow* row = resolve_command(context.table, context.arguments).row;
  if (row == nullptr || row->verb.setup == nullptr) {
    context.out.write(help_of_group(context.table, row));
    return 0;
  }
  Command command(*row);
  row->verb.setup(command);
  context.out.write(help_of_command(command));
  return 0;
}

}  // namespace

void setup_help(Command& command) {
  command.usage("[COMMAND]")
      .describe("Help provides help for any command in the application.")
      .arguments(ArgumentRule::any(), CompletionKind::subcommand)
      .example("help run")
      .run(run_help);
}

}  // namespace coracle::cli
