// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/containers.hpp"

namespace coracle::cli {
namespace {

/// "CONTAINER:PATH"; a path that begins with a dot or slash is the host's whatever it holds.
std::optional<std::pair<ContainerId, std::string>> container_side(engine::Context& engine,
                                                                  const std::string& text) {
  const auto pair = split_once(text, ':');
  if (!pair || text.starts_with('.') || text.starts_with('/')) return std::nullopt;
  return std::pair{engine.containers().find(pair->first), std::string(pair->second)};
}

int copy(CommandContext& context) {
  auto engine = open_engine(context);
  engine::CopyRequest request;
  request.source = context.arguments[0];
  request.destination = context.arguments[1];
  if (auto from = container_side(engine, request.source)) {
    request.from = from->first;
    request.source = from->second;
  }
  if (auto to = container_side(engine, request.destination)) {
    request.to = to->first;
    request.destination = to->second;
  }
  if (!request.from && !request.to) {
    throw Error(ErrorClass::invalid_argument,
                "invalid arguments {}, {}: you must specify one container", context.arguments[0],
                context.arguments[1]);
  }
  engine::copy_files(engine, request);
  return 0;
}

}  // namespace

void setup_cp(Command& command) {
  command.usage("[options] [CONTAINER:]SOURCE [CONTAINER:]DESTINATION")
      .arguments(ArgumentRule::exactly(2), CompletionKind::file)
      .example("cp web:/etc/motd .")
      .run(copy);
  command.options().add_ignored("archive", 'a', Option::Arity::flag, "Keep owners and groups");
  command.options().add_refused("overwrite", '\0', Option::Arity::flag,
                                "replacements of directories by files");
  command.options().add_ignored("quiet", 'q', Option::Arity::flag, "Show no progress");
}

}  // namespace coracle::cli
