// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/network/network_document.hpp"
#include "cli/commands/session.hpp"

namespace coracle::cli {

void setup_network_exists(Command& command) {
  command.usage("NETWORK")
      .arguments(ArgumentRule::exactly(1), CompletionKind::network)
      .run([](CommandContext& context) {
        auto engine = open_engine(context);
        return try_find_network(engine, context.arguments[0]) ? 0 : 1;
      });
}

}  // namespace coracle::cli
