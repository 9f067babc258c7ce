// SPDX-License-Identifier: Apache-2.0
// oci state, list, ps, events, features, spec and version.
#include <algorithm>
#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/commands/oci/runtime_options.hpp"
#include "cli/format/table.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/base/time.hpp"
#include "coracle/bundle/documents.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process.hpp"

namespace coracle::cli {
namespace {

struct Values {
  RuntimeOptions common;
  std::string format = "table";
  std::string bundle = ".";
  std::string file = "config.json";
  std::string interval = "5s";
  bool quiet = false;
  bool once = false;
  bool rootless = false;
};

Json document_of(const bundle::Container& container) {
  const oci::RuntimeState& state = container.state;
  Json document = {{"ociVersion", state.oci_version},
                   {"id", state.id},
                   {"pid", state.pid},
                   {"status", oci::to_string(state.status)},
                   {"bundle", state.bundle},
                   {"rootfs", container.rootfs},
                   {"created", container.created}};
  json::set_if(document, "annotations", state.annotations);
  document["owner"] = container.owner;
  return document;
}

void declare_format(Command& command, Values& values) {
  command.options()
      .add("format", 'f', values.format, "Form of the output (table, json)")
      .choices({"table", "json"});
}

// runc's columns.
constexpr format::ColumnStyle k_columns = {12, 3};

std::string table_of(const std::vector<bundle::Container>& containers) {
  std::string text = "ID\tPID\tSTATUS\tBUNDLE\tCREATED\tOWNER\n";
  for (const auto& container : containers) {
    const oci::RuntimeState& state = container.state;
    text +=
        fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", state.id, state.pid, oci::to_string(state.status),
                    state.bundle, container.created, container.owner);
  }
  return format::align_columns(text, k_columns);
}

int list(const Values& values, CommandContext& context) {
  const auto containers = bundle::list(values.common.place());
  if (values.quiet) {
    for (const auto& container : containers) context.out.line(container.state.id);
  } else if (values.format == "json") {
    Json documents = Json::array();
    for (const auto& container : containers) documents.push_back(document_of(container));
    context.out.line(dump_json(documents));
  } else {
    context.out.write(table_of(containers));
  }
  return 0;
}

/// ps(1) with the caller's options, of which the lines of these processes stay.
int show_processes(const std::vector<pid_t>& pids, std::vector<std::string> options,
                   CommandContext& context) {
  linux::Pipe pipe = linux::make_pipe();
  linux::SpawnOptions ps;
  ps.argv = {"ps"};
  if (options.empty()) options = {"-ef"};
  ps.argv.insert(ps.argv.end(), options.begin(), options.end());
  ps.standard_output = pipe.write.get();
  linux::Child child = linux::spawn(ps);
  pipe.write.reset();
  const auto lines = split(linux::read_all(pipe.read.get()), '\n');
  if (linux::exit_code_of(child.wait()) != 0 || lines.empty()) {
    throw Error(ErrorClass::invalid_argument, "'ps {}' has failed", join(options, " "));
  }
  const auto words_of = [](const std::string& line) {
    auto words = split(line, ' ');
    std::erase(words, "");
    return words;
  };
  const auto titles = words_of(lines.front());
  const auto column = std::ranges::find(titles, "PID") - titles.begin();
  if (static_cast<std::size_t>(column) == titles.size()) {
    throw Error(ErrorClass::invalid_argument, "'ps {}' shows no column PID", join(options, " "));
  }
  context.out.line(lines.front());
  for (const auto& line : lines) {
    const auto words = words_of(line);
    if (words.size() <= static_cast<std::size_t>(column)) continue;
    const auto& word = words[static_cast<std::size_t>(column)];
    const auto is_meant = [&](pid_t pid) { return fmt::format("{}", pid) == word; };
    if (std::ranges::any_of(pids, is_meant)) context.out.line(line);
  }
  return 0;
}

}  // namespace

void setup_oci_state(Command& command) {
  auto& values = command.values<Values>();
  takes_container(command);
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    const auto container = bundle::look_at(values.common.place(), context.arguments.front());
    context.out.line(dump_json_pretty(document_of(container)));
    return 0;
  });
}

void setup_oci_list(Command& command) {
  auto& values = command.values<Values>();
  command.arguments(ArgumentRule::none());
  declare_format(command, values);
  command.options().add("quiet", 'q', values.quiet, "Show IDs only");
  run_in_runtime(command, values.common,
                 [&values](CommandContext& context) { return list(values, context); });
}

void setup_oci_ps(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] ID [PS OPTIONS...]")
      .arguments(ArgumentRule::at_least(1))
      .options_end_at_first_argument();
  declare_format(command, values);
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    auto words = context.arguments;
    const auto pids = bundle::processes(values.common.place(), words.front());
    words.erase(words.begin());
    if (values.format == "table") return show_processes(pids, words, context);
    context.out.line(dump_json(Json(pids)));
    return 0;
  });
}

void setup_oci_events(Command& command) {
  auto& values = command.values<Values>();
  takes_container(command);
  command.options().add("interval", '\0', values.interval, "Time between two looks");
  command.options().add("stats", '\0', values.once, "Look once");
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    const auto& id = context.arguments.front();
    const auto interval = parse_duration(values.interval);
    if (!interval || interval->count() <= 0) {
      throw Error(ErrorClass::invalid_argument, "invalid interval '{}': a time as '5s' is expected",
                  values.interval);
    }
    const auto tell = [&](const bundle::Event& event) {
      context.out.line(dump_json(bundle::to_json(id, event)));
      context.out.flush();
    };
    if (values.once) {
      tell({false, bundle::statistics(values.common.place(), id)});
    } else {
      bundle::watch(values.common.place(), id, *interval, tell);
    }
    return 0;
  });
}

void setup_oci_features(Command& command) {
  auto& values = command.values<Values>();
  command.arguments(ArgumentRule::none());
  run_in_runtime(command, values.common, [](CommandContext& context) {
    context.out.line(dump_json_pretty(bundle::features()));
    return 0;
  });
}

void setup_oci_spec(Command& command) {
  auto& values = command.values<Values>();
  command.arguments(ArgumentRule::none());
  command.options()
      .add("bundle", 'b', values.bundle, "Directory that gets config.json")
      .complete(CompletionKind::directory);
  command.options()
      .add("file", 'f', values.file, "Name of the file, or path from --bundle")
      .complete(CompletionKind::file);
  command.options().add("rootless", '\0', values.rootless,
                        "For the calling user, as root of a user namespace");
  run_in_runtime(command, values.common, [&values](CommandContext&) {
    const auto spec = bundle::example_spec(values.rootless);
    const Json document = parse_json(oci::serialize(spec), values.file);
    const std::string path =
        values.file.starts_with('/') ? values.file : values.bundle + "/" + values.file;
    linux::write_new_file(path, dump_json_pretty(document) + "\n", 0666);
    return 0;
  });
}

void setup_oci_version(Command& command) {
  command.arguments(ArgumentRule::none()).run([](CommandContext& context) {
    context.out.print("coracle-oci version {}\nspec: {}\n", CORACLE_VERSION,
                      oci::k_runtime_spec_version);
    return 0;
  });
}

}  // namespace coracle::cli
