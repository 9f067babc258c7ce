// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/pod/pod_selection.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"

namespace coracle::cli {
namespace {

struct Values {
  bool latest = false;
  bool names = false;
  std::string container;
  engine::LogOptions log;
};

int show(const Values& values, CommandContext& context) {
  if (values.latest && !context.arguments.empty()) {
    throw Error(ErrorClass::invalid_argument, "--latest and pods cannot be used together");
  }
  if (!values.latest && context.arguments.empty()) {
    throw Error(ErrorClass::invalid_argument, "specify at least one pod name or ID to log");
  }
  auto engine = open_engine(context);
  const auto pod =
      engine::find_pod(engine, values.latest ? latest_pod(engine) : context.arguments[0]);
  std::vector<std::string> only;
  if (!values.container.empty()) only.push_back(values.container);
  engine::show_pod_logs(engine, pod, values.log, only, values.names);
  return 0;
}

}  // namespace

void setup_pod_logs(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] POD")
      .arguments(ArgumentRule::at_most(1), CompletionKind::pod)
      .example("pod logs --names --tail 10 -f site")
      .run([&values](CommandContext& context) { return show(values, context); });
  OptionSet& options = command.options();
  options.add_ignored("color", '\0', Option::Arity::flag, "Has no effect");
  options.add("container", 'c', values.container, "Show only what this container wrote")
      .complete(CompletionKind::container);
  options.add("follow", 'f', values.log.follow, "Go on showing what is written");
  declare_latest_pod(command, values.latest);
  options.add("names", 'n', values.names, "Show the containers' names instead of their ids");
  options.add("since", '\0', values.log.since,
              "Show lines since a moment: RFC 3339, Unix time, or 10m for ten minutes ago");
  options.add("tail", '\0', values.log.tail, "Show so many lines from the end; -1 for all");
  options.add("timestamps", 't', values.log.timestamps, "Show the time of each line");
  options.add("until", '\0', values.log.until, "Show lines until a moment");
}

}  // namespace coracle::cli
