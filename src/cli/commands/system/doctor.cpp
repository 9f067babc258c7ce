// SPDX-License-Identifier: Apache-2.0
#include "coracle/engine/doctor.hpp"

#include "cli/commands/commands.hpp"
#include "cli/commands/session.hpp"
#include "cli/format/listing.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli {
namespace {

Json document_of(const engine::HostExamination& examination) {
  Json checks = Json::array();
  for (const auto& check : examination.checks) {
    checks.push_back({{"Name", check.name},
                      {"Status", to_string(check.status)},
                      {"Detail", check.detail},
                      {"Fix", check.fix}});
  }
  return {{"Rung", to_string(examination.rung)},
          {"Usable", examination.rung != engine::Rung::none},
          {"Checks", std::move(checks)}};
}

std::string_view sentence_of(engine::Rung rung) {
  switch (rung) {
    case engine::Rung::root: return "containers run as the machine's root";
    case engine::Rung::subordinate_ids: return "containers have subordinate ids of this user";
    case engine::Rung::inherited_namespace:
      return "containers have the ids of the namespace that this is root of";
    case engine::Rung::single_id: return "containers have one id, and root is emulated";
    case engine::Rung::chroot:
      return "containers are chroots, which share all but files with what is around";
    case engine::Rung::none: return "containers cannot be run; images can be worked with";
  }
  return "";
}

std::string_view status_of(engine::Rung rung) {
  using Status = engine::HostCheck::Status;
  if (rung == engine::Rung::none) return to_string(Status::missing);
  return to_string(rung == engine::Rung::chroot ? Status::limited : Status::ok);
}

void print(const engine::HostExamination& examination, Output& out) {
  for (const auto& check : examination.checks) {
    out.print("{:<8} {}: {}\n", to_string(check.status), check.name, check.detail);
    if (check.fix.empty()) continue;
    bool is_first = true;
    for (const auto& line : split(check.fix, '\n')) {
      // What is to be pasted keeps its lines.
      out.print("{}{}\n", is_first ? "         -> " : "", line);
      is_first = false;
    }
  }
  out.print("{:<8} rung: {}: {}\n", status_of(examination.rung), to_string(examination.rung),
            sentence_of(examination.rung));
}

int examine(const std::string& wanted, CommandContext& context) {
  auto engine = open_engine(context);
  const auto examination = engine::examine_host(engine);
  if (wanted.empty()) {
    print(examination, context.out);
  } else if (format::is_json_format(wanted)) {
    context.out.line(dump_json_pretty(document_of(examination)));
  } else {
    const format::Schema schema{.type_name = "doctor", .records = true};
    context.out.write(
        format::render_object(document_of(examination), wanted, "system doctor", schema));
  }
  return examination.rung == engine::Rung::none ? 1 : 0;
}

}  // namespace

void setup_system_doctor(Command& command) {
  struct Values {
    std::string format;
  };
  auto& values = command.values<Values>();
  command
      .describe(
          "Show what this machine allows, which way is taken here to run containers, and what "
          "would make it better")
      .arguments(ArgumentRule::none())
      .example("system doctor")
      .example("system doctor --format '{{.Rung}}'")
      .run([&values](CommandContext& context) { return examine(values.format, context); });
  command.options().add("format", 'f', values.format,
                        "Change the output format to JSON or a Go template");
}

}  // namespace coracle::cli
