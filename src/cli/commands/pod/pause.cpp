// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/pod/pod_selection.hpp"
#include "cli/commands/session.hpp"

namespace coracle::cli {
namespace {

void declare(Command& command, bool paused) {
  auto& selection = command.values<PodSelection>();
  command.run([&selection, paused](CommandContext& context) {
    auto engine = open_engine(context);
    for_each_pod(context, engine, select_pods(engine, context, selection),
                 {.work = [&](const auto& pod) { return engine::pause_pod(engine, pod, paused); },
                  .doing = paused ? "pausing" : "unpausing"});
    return 0;
  });
  declare_pod_selection(command, selection);
}

}  // namespace

void setup_pod_pause(Command& command) {
  declare(command, true);
}
void setup_pod_unpause(Command& command) {
  declare(command, false);
}

}  // namespace coracle::cli
