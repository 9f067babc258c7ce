// SPDX-License-Identifier: Apache-2.0
// oci start, kill, delete, pause and resume.
#include "cli/commands/commands.hpp"
#include "cli/commands/name_pattern.hpp"
#include "cli/commands/oci/runtime_options.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/engine/vocabulary.hpp"

namespace coracle::cli {
namespace {

struct Values {
  RuntimeOptions common;
  bool all = false;
  bool force = false;
  bool regex = false;
};

/// A command that does one thing to a container, and has no options of its own.
void setup_simple(Command& command, void (*verb)(const bundle::Place&, const std::string&)) {
  auto& values = command.values<Values>();
  takes_container(command);
  run_in_runtime(command, values.common, [&values, verb](CommandContext& context) {
    verb(values.common.place(), context.arguments.front());
    return 0;
  });
}

/// crun's --regex.
void declare_regex(OptionSet& set, Values& values) {
  set.add("regex", 'r', values.regex, "Take ID for a pattern, and all containers that it matches");
}

/// The container of that id or, with --regex, all that it matches: one that fails stops no other.
template <typename Verb>
int do_to_each(const Values& values, const std::string& id, const Verb& verb) {
  const bundle::Place place = values.common.place();
  if (!values.regex) {
    verb(place, id);
    return 0;
  }
  const std::regex pattern = parse_name_pattern(id);
  std::optional<Error> failure;
  for (const auto& container : bundle::list(place)) {
    if (!std::regex_search(container.state.id, pattern)) continue;
    try {
      verb(place, container.state.id);
    } catch (const Error& error) {
      if (failure) log::warn("{}", failure->describe());
      failure = error;
    }
  }
  if (failure) throw Error(*failure);
  return 0;
}

}  // namespace

void setup_oci_start(Command& command) {
  setup_simple(command, bundle::start);
}

void setup_oci_pause(Command& command) {
  setup_simple(command, bundle::pause);
}

void setup_oci_resume(Command& command) {
  setup_simple(command, bundle::resume);
}

void setup_oci_kill(Command& command) {
  auto& values = command.values<Values>();
  command.usage("[options] ID [SIGNAL]")
      .arguments(ArgumentRule::between(1, 2))
      .example("oci kill web KILL");
  command.options().add("all", 'a', values.all, "Send it to all processes of the container");
  declare_regex(command.options(), values);
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    const auto& words = context.arguments;
    const int signal = engine::parse_signal(words.size() > 1 ? words[1] : "TERM");
    const auto scope =
        values.all ? bundle::KillScope::all_processes : bundle::KillScope::first_process;
    return do_to_each(values, words.front(), [&](const auto& place, const auto& id) {
      bundle::kill(place, id, signal, scope);
    });
  });
}

void setup_oci_delete(Command& command) {
  auto& values = command.values<Values>();
  takes_container(command);
  command.options().add("force", 'f', values.force,
                        "Kill it before, and let one that is not there be no error");
  declare_regex(command.options(), values);
  run_in_runtime(command, values.common, [&values](CommandContext& context) {
    return do_to_each(values, context.arguments.front(), [&](const auto& place, const auto& id) {
      bundle::remove(place, id, values.force);
    });
  });
}

}  // namespace coracle::cli
