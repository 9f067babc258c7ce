// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/registry_options.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/manifest_lists.hpp"

namespace coracle::cli {
namespace {

struct CreateValues {
  engine::ListAddRequest add;
  bool amend = false;
};

/// Digests are shown as ids: without their algorithm.
void print_id(CommandContext& context, const Digest& digest) {
  context.out.line(digest.hex());
}

int create(CreateValues& values, CommandContext& context) {
  auto engine = open_engine(context);
  const linux::Cancellation never;
  Digest digest = engine::create_list(engine, context.arguments[0], values.amend);
  values.add.list = context.arguments[0];
  for (std::size_t i = 1; i < context.arguments.size(); ++i) {
    values.add.image = context.arguments[i];
    digest = engine::add_to_list(engine, values.add, never);
  }
  print_id(context, digest);
  return 0;
}

int add(engine::ListAddRequest& request, CommandContext& context) {
  auto engine = open_engine(context);
  const linux::Cancellation never;
  request.list = context.arguments[0];
  Digest digest;
  for (std::size_t i = 1; i < context.arguments.size(); ++i) {
    request.image = context.arguments[i];
    digest = engine::add_to_list(engine, request, never);
  }
  print_id(context, digest);
  return 0;
}

void declare_entry_options(OptionSet& options, engine::ListEntryOptions& entry) {
  options.add("annotation", '\0', entry.annotations, "Set an annotation of the entry: KEY=VALUE");
  options.add("arch", '\0', entry.architecture, "Architecture, instead of what the image says");
  options.add("os", '\0', entry.os, "Operating system, instead of what the image says");
  options.add("os-features", '\0', entry.os_features, "Features of the operating system")
      .comma_separated();
  options.add("os-version", '\0', entry.os_version, "Version of the operating system");
  options.add("variant", '\0', entry.variant, "Variant of the architecture");
  options.add_ignored("features", '\0', Option::Arity::value, "Known to podman");
}

}  // namespace

void setup_manifest_create(Command& command) {
  auto& values = command.values<CreateValues>();
  command.usage("[options] LIST [IMAGE...]")
      .arguments(ArgumentRule::at_least(1), CompletionKind::image)
      .example("manifest create app:1 app:amd64 app:arm64")
      .run([&values](CommandContext& context) { return create(values, context); });
  OptionSet& options = command.options();
  options.add("all", '\0', values.add.all, "Of lists add all images");
  options.add("amend", 'a', values.amend, "Go on with a list of that name");
  declare_registry_options(options, values.add.registry);
}

void setup_manifest_add(Command& command) {
  auto& request = command.values<engine::ListAddRequest>();
  command.usage("[options] LIST IMAGE [IMAGE...]")
      .arguments(ArgumentRule::at_least(2), CompletionKind::image)
      .example("manifest add app:1 docker://registry.example/app:arm64")
      .run([&request](CommandContext& context) { return add(request, context); });
  OptionSet& options = command.options();
  options.add("all", '\0', request.all, "Of a list add all images");
  declare_entry_options(options, request.entry);
  declare_registry_options(options, request.registry);
}

void setup_manifest_annotate(Command& command) {
  auto& entry = command.values<engine::ListEntryOptions>();
  command.usage("[options] LIST IMAGE")
      .arguments(ArgumentRule::exactly(2), CompletionKind::image)
      .example("manifest annotate --arch arm64 --variant v8 app:1 sha256:…")
      .run([&entry](CommandContext& context) {
        auto engine = open_engine(context);
        print_id(context,
                 engine::annotate_list(engine, context.arguments[0], context.arguments[1], entry));
        return 0;
      });
  declare_entry_options(command.options(), entry);
}

void setup_manifest_remove(Command& command) {
  command.usage("LIST IMAGE")
      .arguments(ArgumentRule::exactly(2), CompletionKind::image)
      .example("manifest remove app:1 sha256:…")
      .run([](CommandContext& context) {
        auto engine = open_engine(context);
        print_id(context,
                 engine::remove_from_list(engine, context.arguments[0], context.arguments[1]));
        return 0;
      });
}

}  // namespace coracle::cli
