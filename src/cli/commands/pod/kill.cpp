// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/pod/pod_selection.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/vocabulary.hpp"

namespace coracle::cli {
namespace {

struct Values {
  PodSelection selection;
  std::string signal = "KILL";
};

}  // namespace

void setup_pod_kill(Command& command) {
  auto& values = command.values<Values>();
  command.example("pod kill --signal HUP site").run([&values](CommandContext& context) {
    auto engine = open_engine(context);
    const int signal = engine::parse_signal(values.signal);
    for_each_pod(context, engine, select_pods(engine, context, values.selection),
                 {.work = [&](const auto& pod) { return engine::kill_pod(engine, pod, signal); },
                  .doing = "killing"});
    return 0;
  });
  declare_pod_selection(command, values.selection);
  command.options().add("signal", 's', values.signal, "Signal to send");
}

}  // namespace coracle::cli
