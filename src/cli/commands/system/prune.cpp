// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/images.hpp"
#include "coracle/engine/system.hpp"

namespace coracle::cli {
namespace {

struct Values {
  bool all = false;
  bool force = false;
};

/// Asks on a terminal; without one only --force will do.
void require_consent(CommandContext& context, bool force, std::string_view warning) {
  if (force) return;
  if (::isatty(context.input) == 0) {
    throw Error(ErrorClass::invalid_argument, "{} Pass --force to do it without being asked",
                warning);
  }
  context.out.print("WARNING! {}\nAre you sure you want to continue? [y/N] ", warning);
  context.out.flush();
  char answer = 'n';
  if (::read(context.input, &answer, 1) != 1 || (answer != 'y' && answer != 'Y')) {
    throw Error(ErrorClass::conflict, "called off");
  }
}

}  // namespace

void setup_system_prune(Command& command) {
  auto& values = command.values<Values>();
  command.arguments(ArgumentRule::none()).run([&values](CommandContext& context) {
    require_consent(context, values.force,
                    "This removes all stopped containers and unused images.");
    auto engine = open_engine(context);
    for (const auto& id : engine::prune_containers(engine)) context.out.line(id.str());
    for (const auto& id : engine::prune_images(engine, values.all)) context.out.line(id);
    return 0;
  });
  command.options().add("all", 'a', values.all,
                        "Remove all images that no container uses, not only those without a name");
  command.options().add("force", 'f', values.force, "Do not ask");
}

void setup_system_reset(Command& command) {
  auto& values = command.values<Values>();
  command.arguments(ArgumentRule::none()).run([&values](CommandContext& context) {
    require_consent(context, values.force,
                    "This removes all containers, all images and all settings of this store.");
    auto engine = open_engine(context);
    engine::reset_store(engine);
    return 0;
  });
  command.options().add("force", 'f', values.force, "Do not ask");
}

}  // namespace coracle::cli
