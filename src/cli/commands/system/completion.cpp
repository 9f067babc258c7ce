// SPDX-License-Identifier: Apache-2.0
#include "cli/command.hpp"
#include "cli/commands/commands.hpp"
#include "cli/commands/system/completion_scripts.hpp"
#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::cli {
namespace {

struct Values {
  std::optional<std::string> file;
};

constexpr mode_t k_file_mode = 0644;

std::string_view script_for(std::string_view shell) {
  if (shell == "bash") return k_bash_completion;
  if (shell == "fish") return k_fish_completion;
  if (shell == "zsh") return k_zsh_completion;
  throw Error(ErrorClass::invalid_argument, "invalid argument {:?} for \"coracle completion\"",
              shell)
      .set_hint("Shells: bash, fish, zsh");
}

int run_completion(const Values& values, CommandContext& context) {
  const std::string_view script = script_for(context.arguments.at(0));
  if (values.file) {
    linux::write_file_atomic(*values.file, script, linux::Durability::crash_of_process,
                             k_file_mode);
  } else {
    context.out.write(script);
  }
  return 0;
}

}  // namespace

void setup_completion(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] {bash|zsh|fish}")
      .describe("Generate shell autocompletions.\nValid arguments are bash, zsh and fish.")
      .arguments(ArgumentRule::exactly(1))
      .argument_choices({"bash", "fish", "zsh"})
      .example("completion bash")
      .example("completion zsh -f _coracle")
      .run([&values](CommandContext& context) { return run_completion(values, context); });
  command.options()
      .add("file", 'f', values.file, "Output the completion to file rather than stdout")
      .complete(CompletionKind::file);
  command.options().add_ignored("no-desc", '\0', Option::Arity::flag,
                                "Don't include descriptions in the completion output");
}

}  // namespace coracle::cli
