// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/pod/pod_selection.hpp"
#include "cli/commands/session.hpp"

namespace coracle::cli {
namespace {

struct Values {
  PodSelection selection;
  std::optional<std::int64_t> timeout;
  bool ignore = false;
};

}  // namespace

void setup_pod_stop(Command& command) {
  auto& values = command.values<Values>();
  command.example("pod stop --time 2 site").run([&values](CommandContext& context) {
    auto engine = open_engine(context);
    for_each_pod(
        context, engine, select_pods(engine, context, values.selection),
        {.work = [&](const auto& pod) { return engine::stop_pod(engine, pod, values.timeout); },
         .doing = "stopping",
         .echo = true,
         .pass_over_missing = values.ignore});
    return 0;
  });
  declare_pod_selection(command, values.selection);
  declare_pod_id_files(command, values.selection);
  OptionSet& options = command.options();
  options.add("ignore", 'i', values.ignore, "Pass over pods that do not exist");
  options.add("time", 't', values.timeout, "Seconds to wait before a container is killed")
      .alias("timeout");
}

}  // namespace coracle::cli
