// SPDX-License-Identifier: Apache-2.0
// `coracle __complete WORD…`, which the shells' completion scripts call. One candidate a line, a
// tab and its description; the last line is a colon and a CompletionDirective.
#include "cli/commands/commands.hpp"
#include "cli/completion.hpp"

namespace coracle::cli {
namespace {

int run_complete(CommandContext& context) {
  const Completions found = complete_words(context.table, context.completions, context.arguments);
  for (const Candidate& candidate : found.candidates) {
    context.out.print("{}\t{}\n", candidate.text, candidate.description);
  }
  context.out.print(":{}\n", static_cast<int>(found.directive));
  return 0;
}

}  // namespace

void setup_complete(Command& command) {
  command.usage("[WORD...]").takes_raw_arguments().run(run_complete);
}

}  // namespace coracle::cli
