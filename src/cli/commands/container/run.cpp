// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/container/create_options.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/doctor.hpp"

namespace coracle::cli {
namespace {

struct Values {
  CreateValues create;
  bool detach = false;
  std::vector<std::string> attach;
  std::optional<std::string> detach_keys;
  bool signal_proxy = true;
};

engine::StartOptions start_options(const Values& values, const engine::Context& engine) {
  engine::StartOptions options;
  if (!values.detach) {
    const bool all = values.attach.empty();
    options.attach_input = all && values.create.request.interactive;
    options.attach_output = all;
    options.attach_error = all;
    for (const auto& stream : values.attach) {
      const std::string name = to_lower(stream);
      if (name == "stdin") {
        options.attach_input = true;
      } else if (name == "stdout") {
        options.attach_output = true;
      } else if (name == "stderr") {
        options.attach_error = true;
      } else {
        throw Error(ErrorClass::invalid_argument, "invalid stream \"{}\" for --attach", stream);
      }
    }
  }
  options.detach_keys = values.detach_keys.value_or(engine.config().detach_keys);
  options.signal_proxy = values.signal_proxy;
  return options;
}

int run_container(Values& values, CommandContext& context) {
  auto engine = open_engine(context);
  engine.begin_namespace();
  engine::require_way_to_run(engine);
  const auto request = finish_request(values.create, context);
  if (values.detach && !values.attach.empty()) {
    throw Error(ErrorClass::invalid_argument, "--attach and --detach cannot be used together");
  }
  const auto options = start_options(values, engine);
  const ContainerId id = create_container(engine, request, values.create, context);
  const auto result = engine::start_container(engine, id, options);
  if (!result) {
    context.out.line(id.str());
    return 0;
  }
  using Kind = monitor::AttachResult::Kind;
  if (result->kind == Kind::lost) {
    throw Error(ErrorClass::unavailable, "the monitor of container {} is gone", id.brief());
  }
  return result->kind == Kind::exited ? result->exit_code : 0;
}

}  // namespace

void setup_run(Command& command) {
  auto& values = command.values<Values>();
  declare_create_options(command, values.create);
  command.example("run -it debian bash")
      .example("run -d --name web -v ./site:/srv:ro debian sleep 1000")
      .run([&values](CommandContext& context) { return run_container(values, context); });
  OptionSet& options = command.options();
  options.add("detach", 'd', values.detach, "Run in the background and print the container ID");
  options.add("attach", 'a', values.attach, "Attach only stdin, stdout or stderr");
  options.add("detach-keys", '\0', values.detach_keys, "Keys that detach from the container");
  options.add("sig-proxy", '\0', values.signal_proxy, "Pass on signals to the container");
}

}  // namespace coracle::cli
