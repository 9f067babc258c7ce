// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/registry_options.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/engine/manifest_lists.hpp"

namespace coracle::cli {

void setup_manifest_inspect(Command& command) {
  auto& registry = command.values<engine::RegistryOptions>();
  command.usage("[options] IMAGE")
      .describe("Show a manifest list, or what a registry has under a name")
      .arguments(ArgumentRule::exactly(1), CompletionKind::image)
      .example("manifest inspect registry.example/app:1")
      .run([&registry](CommandContext& context) {
        auto engine = open_engine(context);
        const linux::Cancellation never;
        const std::string text =
            engine::inspect_list(engine, context.arguments[0], registry, never);
        context.out.line(dump_json_pretty(parse_json(text, "manifest")));
        return 0;
      });
  declare_registry_options(command.options(), registry);
}

void setup_manifest_exists(Command& command) {
  command.usage("LIST")
      .arguments(ArgumentRule::exactly(1), CompletionKind::image)
      .example("manifest exists app:1")
      .run([](CommandContext& context) {
        auto engine = open_engine(context);
        return engine.images().try_find_list(context.arguments[0]) ? 0 : 1;
      });
}

void setup_manifest_rm(Command& command) {
  command.usage("LIST [LIST...]")
      .arguments(ArgumentRule::at_least(1), CompletionKind::image)
      .example("manifest rm app:1")
      .run([](CommandContext& context) {
        auto engine = open_engine(context);
        for_each_name(context, context.arguments, [&](const std::string& name) {
          const auto list = engine::remove_list(engine, name);
          context.out.print("Untagged: {}\nDeleted: {}\n", list.name, list.digest.hex());
        });
        return 0;
      });
}

}  // namespace coracle::cli
