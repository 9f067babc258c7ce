// SPDX-License-Identifier: Apache-2.0
#include "cli/command.hpp"
#include "cli/commands/commands.hpp"
#include "cli/format/listing.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/oci/platform.hpp"

namespace coracle::cli {
namespace {

struct Values {
  std::string format;
};

Json describe_program() {
  const oci::Platform& platform = oci::host_platform();
  Json program = Json::object();
  program["APIVersion"] = CORACLE_VERSION;
  program["Version"] = CORACLE_VERSION;
  program["Os"] = platform.os;
  program["Arch"] = platform.architecture;
  program["OsArch"] = platform.os + "/" + platform.architecture;
  return program;
}

/// Client and server are one program; scripts ask for either.
Json describe_version() {
  Json version = Json::object();
  version["Client"] = describe_program();
  version["Server"] = describe_program();
  return version;
}

constexpr std::string_view k_text =
    "Client:       Coracle Engine\n"
    "Version:      {{.Client.Version}}\n"
    "API Version:  {{.Client.APIVersion}}\n"
    "OS/Arch:      {{.Client.OsArch}}";

int run_version(const Values& values, CommandContext& context) {
  if (format::is_json_format(values.format)) {
    context.out.line(dump_json(describe_version()));
    return 0;
  }
  const std::string_view wanted = values.format.empty() ? k_text : std::string_view(values.format);
  const format::Schema schema{.type_name = "version", .records = true};
  context.out.write(format::render_object(describe_version(), wanted, "version", schema));
  return 0;
}

}  // namespace

void setup_version(Command& command) {
  auto& values = command.values<Values>();
  command.arguments(ArgumentRule::none())
      .example("version")
      .example("version --format '{{.Client.Version}}'")
      .run([&values](CommandContext& context) { return run_version(values, context); });
  command.options().add("format", 'f', values.format,
                        "Change the output format to JSON or a Go template");
}

}  // namespace coracle::cli
