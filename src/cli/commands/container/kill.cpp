// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/vocabulary.hpp"

namespace coracle::cli {
namespace {

struct Values {
  Selection selection;
  std::string signal = "KILL";
};

}  // namespace

void setup_kill(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] CONTAINER [CONTAINER...]")
      .arguments(ArgumentRule::any(), CompletionKind::running_container)
      .example("kill --signal HUP web")
      .run([&values](CommandContext& context) {
        auto engine = open_engine(context);
        const int signal = engine::parse_signal(values.signal);
        const auto names = select_containers(
            engine, context, values.selection,
            [](const auto& state) { return state.status == store::ContainerStatus::running; });
        for_each_name(context, names, [&](const std::string& name) {
          engine::kill_container(engine, engine.containers().find(name), signal);
          context.out.line(name);
        });
        return 0;
      });
  declare_selection(command, values.selection, AllOption::with_letter);
  command.options().add("signal", 's', values.signal, "Signal to send");
}

}  // namespace coracle::cli
