// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/engine/networks.hpp"

namespace coracle::cli {
namespace {

void remove(CommandContext& context, engine::Context& engine, const engine::NetworkRemoval& removal,
            const std::string& name) {
  try {
    engine::remove_network(engine, name, removal);
    context.out.line(name);
  } catch (Error& error) {
    if (error.error_class() != ErrorClass::not_found) throw;
    if (removal.force) return;
    error.set_exit_code(1);
    throw;
  }
}

}  // namespace

void setup_network_rm(Command& command) {
  auto& removal = command.values<engine::NetworkRemoval>();
  command.usage("[options] NETWORK [NETWORK...]")
      .arguments(ArgumentRule::at_least(1), CompletionKind::network)
      .example("network rm --force web")
      .run([&removal](CommandContext& context) {
        if (removal.timeout && !removal.force) {
          throw Error(ErrorClass::invalid_argument,
                      "--force option must be specified to use the --time option");
        }
        auto engine = open_engine(context);
        for_each_name(context, context.arguments,
                      [&](const std::string& name) { remove(context, engine, removal, name); });
        return 0;
      });
  OptionSet& options = command.options();
  options.add("force", 'f', removal.force,
              "Remove containers that use the network, too; pass over missing networks");
  options.add("time", 't', removal.timeout, "Seconds to wait before a running one is killed");
}

}  // namespace coracle::cli
