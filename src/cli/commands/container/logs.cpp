// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/containers.hpp"

namespace coracle::cli {
namespace {

struct Values {
  Selection selection;
  engine::LogOptions log;
};

}  // namespace

void setup_logs(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] CONTAINER [CONTAINER...]")
      .arguments(ArgumentRule::any(), CompletionKind::container)
      .example("logs --tail 10 -f web")
      .run([&values](CommandContext& context) {
        auto engine = open_engine(context);
        for_each_name(context, select_containers(engine, context, values.selection),
                      [&](const std::string& name) {
                        engine::show_logs(engine, engine.containers().find(name), values.log);
                      });
        return 0;
      });
  declare_selection(command, values.selection, AllOption::none);
  OptionSet& options = command.options();
  options.add("follow", 'f', values.log.follow, "Go on showing what is written");
  options.add("timestamps", 't', values.log.timestamps, "Show the time of each line");
  options.add("since", '\0', values.log.since,
              "Show lines since a moment: RFC 3339, Unix time, or 10m for ten minutes ago");
  options.add("until", '\0', values.log.until, "Show lines until a moment");
  options.add("tail", 'n', values.log.tail, "Show so many lines from the end; -1 for all");
}

}  // namespace coracle::cli
