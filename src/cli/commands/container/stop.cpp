// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/engine/containers.hpp"

namespace coracle::cli {
namespace {

struct Values {
  Selection selection;
  std::optional<std::int64_t> timeout;
  bool ignore = false;
};

using Work = void (*)(engine::Context&, const ContainerId&, std::optional<std::int64_t>);

void declare(Command& command, Values& values, Work work, bool stops) {
  command.usage("[options] CONTAINER [CONTAINER...]")
      .arguments(ArgumentRule::any(), CompletionKind::container)
      .run([&values, work, stops](CommandContext& context) {
        auto engine = open_engine(context);
        const auto names =
            select_containers(engine, context, values.selection, [stops](const auto& state) {
              return !stops || state.status == store::ContainerStatus::running;
            });
        for_each_name(context, names, [&](const std::string& name) {
          if (values.ignore && !engine.containers().try_find(name)) return;
          work(engine, engine.containers().find(name), values.timeout);
          context.out.line(name);
        });
        return 0;
      });
  declare_selection(command, values.selection, AllOption::with_letter);
  command.options()
      .add("time", 't', values.timeout, "Seconds to wait before the container is killed")
      .alias("timeout");
  if (stops) {
    command.options().add("ignore", 'i', values.ignore, "Pass over containers that do not exist");
  }
}

}  // namespace

void setup_stop(Command& command) {
  declare(command, command.values<Values>(), engine::stop_container, true);
  command.example("stop --time 2 web");
}

void setup_restart(Command& command) {
  declare(command, command.values<Values>(), engine::restart_container, false);
  command.example("restart web");
}

}  // namespace coracle::cli
