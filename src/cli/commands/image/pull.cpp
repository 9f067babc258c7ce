// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/commands.hpp"
#include "cli/commands/registry_options.hpp"
#include "cli/commands/session.hpp"

namespace coracle::cli {
namespace {

struct Values {
  engine::PullRequest request;
  PlatformValues platform;
  std::string policy = "always";
  bool quiet = false;
};

int pull(Values& values, CommandContext& context) {
  values.request.platform = values.platform.text();
  values.request.policy = parse_pull_policy(values.policy);
  auto engine = open_engine(context);
  for_each_name(context, context.arguments, [&](const std::string& name) {
    values.request.source = name;
    run_transfer(context, values.quiet, [&](auto& observer, const auto& cancellation) {
      for (const auto& id : engine::pull_image(engine, values.request, observer, cancellation)) {
        context.out.line(id);
      }
    });
  });
  return 0;
}

}  // namespace

void setup_pull(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] IMAGE [IMAGE...]")
      .arguments(ArgumentRule::at_least(1))
      .example("pull debian:12")
      .example("pull --platform linux/arm64 registry.example/team/app@sha256:…")
      .example("pull oci-archive:image.tar")
      .run([&values](CommandContext& context) { return pull(values, context); });
  OptionSet& options = command.options();
  options.add("all-tags", 'a', values.request.all_tags, "Pull all tags of the repository");
  options.add("quiet", 'q', values.quiet, "Show only the ids");
  options
      .add("policy", '\0', values.policy,
           "When to ask the registry: always, missing, never or newer")
      .alias("pull")
      .choices({"always", "missing", "never", "newer"});
  declare_platform_options(options, values.platform);
  declare_registry_options(options, values.request.registry);
  options.add_ignored("disable-content-trust", '\0', Option::Arity::flag, "Known to docker");
  options.add_ignored("signature-policy", '\0', Option::Arity::value, "Known to podman");
}

}  // namespace coracle::cli
