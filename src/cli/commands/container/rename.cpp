// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/vocabulary.hpp"

namespace coracle::cli {

void setup_rename(Command& command) {
  command.usage("CONTAINER NAME")
      .arguments(ArgumentRule::exactly(2))
      .first_argument(CompletionKind::container)
      .example("rename web old-web")
      .run([](CommandContext& context) {
        auto engine = open_engine(context);
        engine::require_valid_name(context.arguments[1]);
        engine::rename_container(engine, engine.containers().find(context.arguments[0]),
                                 context.arguments[1]);
        return 0;
      });
}

}  // namespace coracle::cli
