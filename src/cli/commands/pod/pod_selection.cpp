// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/pod/pod_selection.hpp"

#include "cli/exit_code.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::cli {
namespace {

void check(const PodSelection& selection, bool has_arguments) {
  const auto fail = [](const char* message) { throw Error(ErrorClass::invalid_argument, message); };
  if (!selection.id_files.empty() && (selection.all || selection.latest)) {
    fail("--all, --latest, and --pod-id-file cannot be used together");
  }
  if (selection.all && selection.latest) fail("--all and --latest cannot be used together");
  if (selection.latest && has_arguments) fail("--latest and pods cannot be used together");
  if (selection.all && has_arguments) fail("no arguments are needed with --all");
  if (!has_arguments && !selection.all && !selection.latest && selection.id_files.empty()) {
    fail("you must provide at least one name or id");
  }
}

}  // namespace

void declare_latest_pod(Command& command, bool& latest) {
  command.options().add("latest", 'l', latest, "Work on the pod created last");
}

void declare_pod_selection(Command& command, PodSelection& selection) {
  command.usage("[options] POD [POD...]").arguments(ArgumentRule::any(), CompletionKind::pod);
  command.options().add("all", 'a', selection.all, "Work on all pods");
  declare_latest_pod(command, selection.latest);
}

void declare_pod_id_files(Command& command, PodSelection& selection) {
  command.options()
      .add("pod-id-file", '\0', selection.id_files, "Read the pod ID from the file")
      .complete(CompletionKind::file);
}

std::string latest_pod(engine::Context& engine) {
  const auto pods = engine.pods().list();
  if (pods.empty()) throw Error(ErrorClass::not_found, "no such pod: there are no pods");
  return pods.back().id;
}

std::string read_pod_id(const std::string& file) {
  const std::string text = linux::read_file(file, 4096);
  return std::string(trim(text.substr(0, text.find('\n'))));
}

std::vector<std::string> select_pods(engine::Context& engine, const CommandContext& context,
                                     const PodSelection& selection) {
  check(selection, !context.arguments.empty());
  if (selection.latest) return {latest_pod(engine)};
  std::vector<std::string> names = context.arguments;
  for (const auto& file : selection.id_files) names.push_back(read_pod_id(file));
  if (selection.all) {
    for (const auto& pod : engine.pods().list()) names.push_back(pod.id);
  }
  return names;
}

void for_each_pod(CommandContext& context, engine::Context& engine,
                  const std::vector<std::string>& names, const PodWork& work) {
  std::vector<Error> errors;
  for (const auto& name : names) {
    try {
      const auto pod = engine::find_pod(engine, name);
      auto failures = work.work(pod);
      if (failures.empty()) context.out.line(work.echo ? name : pod.config.id);
      for (auto& [container, error] : failures) {
        error.add_context(fmt::format("{} container {}", work.doing, container));
        error.set_exit_code(k_exit_engine);  // Not that of one container's program.
        errors.push_back(error);
      }
    } catch (const Error& error) {
      if (work.pass_over_missing && error.error_class() == ErrorClass::not_found) continue;
      errors.push_back(error);
    }
  }
  if (errors.empty()) return;
  const Error last = errors.back();
  errors.pop_back();
  for (const auto& error : errors) report_failure(context.err, error);
  throw Error(last);
}

}  // namespace coracle::cli
