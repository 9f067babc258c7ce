// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/pod/pod_selection.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::cli {
namespace {

struct Values {
  PodSelection selection;
  engine::PodRemoval removal;
  bool ignore = false;
};

void remove(CommandContext& context, engine::Context& engine, const Values& values,
            const std::string& name) {
  try {
    const auto pod = engine::find_pod(engine, name);
    engine::remove_pod(engine, pod, values.removal);
    context.out.line(pod.config.id);
  } catch (Error& error) {
    if (error.error_class() != ErrorClass::not_found) throw;
    if (values.ignore || values.removal.force) return;
    error.set_exit_code(1);
    throw;
  }
}

int run(const Values& values, CommandContext& context) {
  if (values.removal.timeout && !values.removal.force) {
    throw Error(ErrorClass::invalid_argument,
                "--force option must be specified to use the --time option");
  }
  auto engine = open_engine(context);
  const auto names = select_pods(engine, context, values.selection);
  for_each_name(context, names,
                [&](const std::string& name) { remove(context, engine, values, name); });
  // What they say is true no more.
  for (const auto& file : values.selection.id_files) linux::remove_file(file);
  return 0;
}

}  // namespace

void setup_pod_rm(Command& command) {
  auto& values = command.values<Values>();
  command.example("pod rm --force site").run([&values](CommandContext& context) {
    return run(values, context);
  });
  declare_pod_selection(command, values.selection);
  declare_pod_id_files(command, values.selection);
  OptionSet& options = command.options();
  options.add("force", 'f', values.removal.force,
              "Stop running containers first; pass over missing pods");
  options.add("ignore", 'i', values.ignore, "Pass over pods that do not exist");
  options.add("time", 't', values.removal.timeout,
              "Seconds to wait before a running container is killed");
}

}  // namespace coracle::cli
