// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/networks.hpp"

namespace coracle::cli {

void setup_network_connect(Command& command) {
  auto& request = command.values<engine::ConnectRequest>();
  command.usage("[options] NETWORK CONTAINER")
      .arguments(ArgumentRule::exactly(2), CompletionKind::container)
      .first_argument(CompletionKind::network)
      .example("network connect --alias db backend postgres")
      .run([&request](CommandContext& context) {
        auto engine = open_engine(context);
        engine::connect_network(engine, context.arguments[0],
                                engine.containers().find(context.arguments[1]), request);
        return 0;
      });
  OptionSet& options = command.options();
  options.add("alias", '\0', request.aliases, "A further name of the container in the network")
      .comma_separated();
  options.add("ip", '\0', request.ip, "IPv4 address");
  options.add("ip6", '\0', request.ip6, "IPv6 address");
  options.add("mac-address", '\0', request.mac_address, "Hardware address");
}

void setup_network_disconnect(Command& command) {
  auto& force = command.values<bool>();
  command.usage("[options] NETWORK CONTAINER")
      .arguments(ArgumentRule::exactly(2), CompletionKind::container)
      .first_argument(CompletionKind::network)
      .example("network disconnect backend postgres")
      .run([&force](CommandContext& context) {
        auto engine = open_engine(context);
        engine::disconnect_network(engine, context.arguments[0],
                                   engine.containers().find(context.arguments[1]), force);
        return 0;
      });
  command.options().add("force", 'f', force, "It may be not connected");
}

}  // namespace coracle::cli
