// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/registry_options.hpp"
#include "cli/commands/session.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/engine/manifest_lists.hpp"
#include "coracle/linux/interruption.hpp"

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

struct PushValues {
  engine::PushRequest request;
  bool all = true;
  bool quiet = false;
  bool remove = false;
  std::string digest_file;
};

int push(PushValues& values, CommandContext& context) {
  auto& request = values.request;
  request.source = context.arguments[0];
  if (context.arguments.size() > 1) request.destination = context.arguments[1];
  auto engine = open_engine(context);
  run_transfer(context, values.quiet, [&](auto& observer, const auto& cancellation) {
    const Digest digest = engine::push_list(engine, request, values.all, observer, cancellation);
    if (!values.digest_file.empty()) {
      linux::write_file_atomic(values.digest_file, digest.str(),
                               linux::Durability::crash_of_process, 0644);
    }
  });
  if (values.remove) engine::remove_list(engine, request.source);
  return 0;
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

void setup_manifest_push(Command& command) {
  auto& values = command.values<PushValues>();
  command.usage("[options] LIST [DESTINATION]")
      .arguments(ArgumentRule::between(1, 2))
      .first_argument(CompletionKind::image)
      .example("manifest push app:1 registry.example/app:1")
      .run([&values](CommandContext& context) { return push(values, context); });
  OptionSet& options = command.options();
  options.add("all", '\0', values.all, "Push the images of the list, too");
  options
      .add("compression-format", '\0', values.request.compression_format,
           "Compress layers with gzip, zstd or none")
      .choices({"gzip", "zstd", "none"});
  options.add("digestfile", '\0', values.digest_file, "Write the list's digest to the file")
      .complete(CompletionKind::file);
  options.add("format", 'f', values.request.format, "Write it in this format: oci or v2s2")
      .choices({"oci", "v2s2"});
  options.add("quiet", 'q', values.quiet, "Show no progress");
  options.add("rm", '\0', values.remove, "Remove the list afterwards");
  declare_registry_options(options, values.request.registry);
  using Arity = Option::Arity;
  options.add_ignored("remove-signatures", '\0', Arity::flag, "Signatures are not copied");
  options.add_ignored("purge", 'p', Arity::flag, "docker's --rm");
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

void setup_manifest_exists(Command& command) {
  command.usage("LIST")
      .arguments(ArgumentRule::exactly(1), CompletionKind::image)
      .example("manifest exists app:1")
      .run([](CommandContext& context) {
        auto engine = open_engine(context);
        return engine.images().try_find_list(context.arguments[0]) ? 0 : 1;
      });
}

}  // namespace coracle::cli
