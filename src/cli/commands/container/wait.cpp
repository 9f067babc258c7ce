// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/containers.hpp"

namespace coracle::cli {

void setup_wait(Command& command) {
  auto& selection = command.values<Selection>();
  command.usage("[options] CONTAINER [CONTAINER...]")
      .arguments(ArgumentRule::any(), CompletionKind::container)
      .example("wait web")
      .run([&selection](CommandContext& context) {
        auto engine = open_engine(context);
        for_each_name(context, select_containers(engine, context, selection),
                      [&](const std::string& name) {
                        context.out.print(
                            "{}\n", engine::wait_container(engine, engine.containers().find(name)));
                        context.out.flush();
                      });
        return 0;
      });
  declare_selection(command, selection, AllOption::none);
}

}  // namespace coracle::cli
