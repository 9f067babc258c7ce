// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/networks.hpp"

namespace coracle::cli {

void setup_network_update(Command& command) {
  auto& update = command.values<engine::NetworkUpdate>();
  command.usage("[options] NETWORK")
      .arguments(ArgumentRule::exactly(1), CompletionKind::network)
      .example("network update --dns-add 9.9.9.9 web")
      .run([&update](CommandContext& context) {
        auto engine = open_engine(context);
        engine::update_network(engine, context.arguments[0], update);
        context.out.line(context.arguments[0]);
        return 0;
      });
  OptionSet& options = command.options();
  options.add("dns-add", '\0', update.dns_add, "Name server to add").comma_separated();
  options.add("dns-drop", '\0', update.dns_drop, "Name server to take away").comma_separated();
}

}  // namespace coracle::cli
