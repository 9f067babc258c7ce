// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/registry_options.hpp"
#include "cli/commands/session.hpp"
#include "coracle/engine/manifest_lists.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::cli {
namespace {

struct Values {
  engine::PushRequest request;
  bool all = true;
  bool quiet = false;
  bool remove = false;
  std::string digest_file;
};

int push(Values& values, CommandContext& context) {
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

void setup_manifest_push(Command& command) {
  auto& values = command.values<Values>();
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

}  // namespace coracle::cli
