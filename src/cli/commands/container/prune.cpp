// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/consent.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/containers.hpp"

namespace coracle::cli {

void setup_container_prune(Command& command) {
  auto& force = command.values<bool>();
  command.arguments(ArgumentRule::none()).run([&force](CommandContext& context) {
    if (!force && !ask_consent(context, "This will remove all non running containers.")) return 0;
    auto engine = open_engine(context);
    for (const auto& id : engine::prune_containers(engine)) context.out.line(id.str());
    return 0;
  });
  command.options().add("force", 'f', force, "Do not ask");
}

}  // namespace coracle::cli
