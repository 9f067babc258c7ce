// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/container/shared_options.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/engine/pods.hpp"

namespace coracle::cli {
namespace {

struct Values {
  engine::PodRequest request;
  std::optional<bool> infra;
  std::optional<std::string> share;
};

[[noreturn]] void fail(std::string message) {
  throw Error(ErrorClass::invalid_argument, std::move(message));
}

/// What cannot be had when nothing holds it.
void check_without_infra(const engine::PodRequest& request, const Values& values) {
  if (request.shared.no_hosts) fail("cannot specify --no-hosts without an infra container");
  if (!request.infra_name.empty()) fail("cannot set infra-name without an infra container");
  if (values.share && request.share != "none") {
    fail("cannot set share(" + request.share + ") namespaces without an infra container");
  }
  if (!request.shared.publish.empty()) {
    fail("you must have an infra container to publish port bindings to the host");
  }
}

engine::PodRequest finish(const Values& values, const CommandContext& context) {
  engine::PodRequest request = values.request;
  if (!context.arguments.empty()) {
    if (!request.name.empty()) fail("cannot specify --name and NAME at the same time");
    request.name = context.arguments[0];
  }
  if (request.replace && request.name.empty()) {
    fail("cannot replace pod without --name being set");
  }
  if (values.share) request.share = values.share->empty() ? "none" : *values.share;
  // Who shares nothing needs nobody to hold it.
  request.infra = values.infra.value_or(request.share != "none");
  if (!request.infra) {
    check_without_infra(request, values);
    request.share = "none";
  }
  request.create_command = context.command_line;
  return request;
}

void declare_infra(OptionSet& options, Values& values) {
  using Arity = Option::Arity;
  options.add("infra", '\0', values.infra, "Have a container that holds what is shared")
      .default_text("true");
  options.add("infra-name", '\0', values.request.infra_name, "Name of that container");
  // It is this program itself: no image, no command, no conmon.
  options.add_ignored("infra-command", '\0', Arity::value, "Has no effect");
  options.add_ignored("infra-conmon-pidfile", '\0', Arity::value, "Has no effect");
  options.add_ignored("infra-image", '\0', Arity::value, "Has no effect");
  options
      .add("share", '\0', values.share,
           "What its containers share: none, or of cgroup, ipc, net, pid, user, uts; +NAME adds")
      .default_text('"' + values.request.share + '"');
  options.add_ignored("share-parent", '\0', Arity::flag, "Has no effect");
}

}  // namespace

void setup_pod_create(Command& command) {
  auto& values = command.values<Values>();
  auto& request = values.request;
  command.usage("[options] [NAME]")
      .arguments(ArgumentRule::at_most(1))
      .example("pod create --publish 8080:80 site")
      .run([&values](CommandContext& context) {
        auto engine = open_engine(context);
        context.out.line(engine::create_pod(engine, finish(values, context)).id);
        return 0;
      });
  OptionSet& options = command.options();
  options.add("name", 'n', request.name, "Name of the pod");
  options.add("replace", '\0', request.replace, "Remove a pod of the same name first");
  declare_infra(options, values);
  options
      .add("exit-policy", '\0', request.exit_policy,
           "What becomes of the pod when its last container has ended: continue or stop")
      .choices({"continue", "stop"});
  options.add("pod-id-file", '\0', request.pod_id_file, "Write the pod ID to the file")
      .complete(CompletionKind::file);
  options.add("label", 'l', request.labels, "Set metadata on the pod");
  options.add("label-file", '\0', request.label_files, "Read labels from a file, one a line")
      .complete(CompletionKind::file);
  declare_shared_options(options, request.shared);
}

}  // namespace coracle::cli
