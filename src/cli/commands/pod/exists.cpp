// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/pods.hpp"

namespace coracle::cli {

void setup_pod_exists(Command& command) {
  command.usage("POD")
      .arguments(ArgumentRule::exactly(1), CompletionKind::pod)
      .run([](CommandContext& context) {
        auto engine = open_engine(context);
        return engine::pod_exists(engine, context.arguments[0]) ? 0 : 1;
      });
}

}  // namespace coracle::cli
