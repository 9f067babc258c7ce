// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "cli/format/listing.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/engine/containers.hpp"

namespace coracle::cli {
namespace {

struct Values {
  std::string format;
};

int diff(const Values& values, CommandContext& context) {
  auto engine = open_engine(context);
  const auto changes =
      engine::diff_container(engine, engine.containers().find(context.arguments[0]));
  constexpr const char* k_names[] = {"changed", "added", "deleted"};
  constexpr char k_letters[] = {'C', 'A', 'D'};
  Json document = Json::object();
  for (const auto& change : changes) {
    const auto kind = static_cast<std::size_t>(change.kind);
    if (format::is_json_format(values.format)) {
      document[k_names[kind]].push_back(change.path);
    } else {
      context.out.print("{} {}\n", k_letters[kind], change.path);
    }
  }
  if (format::is_json_format(values.format)) context.out.line(dump_json_pretty(document));
  return 0;
}

}  // namespace

void setup_diff(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] CONTAINER")
      .arguments(ArgumentRule::exactly(1), CompletionKind::container)
      .example("diff web")
      .run([&values](CommandContext& context) { return diff(values, context); });
  command.options()
      .add("format", '\0', values.format, "Change the output format to JSON")
      .choices({"json"});
}

}  // namespace coracle::cli
