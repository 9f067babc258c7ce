// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/pod/pod_selection.hpp"
#include "cli/commands/session.hpp"

namespace coracle::cli {

void setup_pod_start(Command& command) {
  auto& selection = command.values<PodSelection>();
  command.example("pod start site").run([&selection](CommandContext& context) {
    auto engine = open_engine(context);
    for_each_pod(context, engine, select_pods(engine, context, selection),
                 {.work = [&](const auto& pod) { return engine::start_pod(engine, pod); },
                  .doing = "starting",
                  .echo = true});
    return 0;
  });
  declare_pod_selection(command, selection);
  declare_pod_id_files(command, selection);
}

void setup_pod_restart(Command& command) {
  auto& selection = command.values<PodSelection>();
  command.example("pod restart site").run([&selection](CommandContext& context) {
    auto engine = open_engine(context);
    for_each_pod(context, engine, select_pods(engine, context, selection),
                 {.work = [&](const auto& pod) { return engine::restart_pod(engine, pod); },
                  .doing = "restarting"});
    return 0;
  });
  declare_pod_selection(command, selection);
}

}  // namespace coracle::cli
