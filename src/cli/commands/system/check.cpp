// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/system.hpp"

namespace coracle::cli {

void setup_system_check(Command& command) {
  struct Values {
    bool repair = false;
    bool force = false;
    bool quick = false;
  };
  auto& values = command.values<Values>();
  command
      .describe(
          "Hold images, layers, names and containers against each other and against their digests")
      .arguments(ArgumentRule::none())
      .example("system check --repair")
      .run([&values](CommandContext& context) {
        auto engine = open_engine(context);
        bool left = false;
        for (const auto& finding : engine::check_store(engine, values.repair)) {
          context.out.print("{}: {}{}\n", finding.object, finding.what,
                            finding.repaired ? " (repaired)" : "");
          left = left || !finding.repaired;
        }
        return left ? 125 : 0;
      });
  command.options().add("repair", 'r', values.repair,
                        "Remove what is damaged, so that the rest works");
  command.options().add("force", 'f', values.force, "Do not ask");
  command.options().add("quick", 'q', values.quick, "Accepted; all checks are made");
}

}  // namespace coracle::cli
