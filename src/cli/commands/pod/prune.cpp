// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/consent.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/pods.hpp"

namespace coracle::cli {

void setup_pod_prune(Command& command) {
  auto& force = command.values<bool>();
  command.arguments(ArgumentRule::none()).run([&force](CommandContext& context) {
    if (!force && !ask_consent(context, "This will remove all stopped/exited pods.")) return 0;
    auto engine = open_engine(context);
    for (const auto& id : engine::prune_pods(engine)) context.out.line(id);
    return 0;
  });
  command.options().add("force", 'f', force, "Do not ask");
}

}  // namespace coracle::cli
