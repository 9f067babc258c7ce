// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/container/create_options.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/containers.hpp"

namespace coracle::cli {

void setup_create(Command& command) {
  auto& values = command.values<CreateValues>();
  declare_create_options(command, values);
  command.example("create --name web debian sleep 1000").run([&values](CommandContext& context) {
    auto engine = open_engine(context);
    const auto request = finish_request(values, context);
    context.out.line(create_container(engine, request, values, context).str());
    return 0;
  });
}

}  // namespace coracle::cli
