// SPDX-License-Identifier: Apache-2.0
#include "test_support.hpp"

#include <stdexcept>

#include "cli/commands/commands.hpp"
#include "cli/invocation.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::cli::test {
namespace {

void setup_ps(Command& command) {
  struct Values {
    bool all = false;
    std::int64_t last = -1;
    std::optional<std::string> format;
  };
  auto& values = command.values<Values>();
  command.describe("Prints out information about the containers").example("ps -a");
  command.arguments(ArgumentRule::none());
  OptionSet& options = command.options();
  options.add("all", 'a', values.all,
              "Show all the containers, default is only running containers");
  options.add("last", 'n', values.last, "Print the n last created containers");
  options
      .add("format", '\0', values.format, "Pretty-print containers\nto JSON or using a Go template")
      .choices({"json", "table"});
  options.add_ignored("sync", '\0', Option::Arity::flag, "Sync container state");
  command.run([&values](CommandContext& context) {
    context.out.print("ps all={} last={} root={}\n", values.all, values.last,
                      context.global.overrides.root.value_or("none"));
    return 0;
  });
}

void setup_run(Command& command) {
  struct Values {
    bool tty = false;
    std::string name;
    std::string volume;
  };
  auto& values = command.values<Values>();
  command.usage("[options] IMAGE [COMMAND [ARG...]]")
      .arguments(ArgumentRule::at_least(1))
      .first_argument(CompletionKind::image)
      .options_end_at_first_argument();
  command.options().add("tty", 't', values.tty, "Allocate a pseudo-TTY for container");
  command.options().add("name", '\0', values.name, "Assign a name to the container");
  command.options()
      .add("volume", 'v', values.volume, "Bind mount a volume into the container")
      .complete(CompletionKind::volume);
  command.run([&values](CommandContext& context) {
    context.out.print("run tty={} volume={}: {}\n", values.tty, values.volume,
                      join(context.arguments, " "));
    return 7;
  });
}

void setup_kill(Command& command) {
  struct Values {
    std::string signal = "KILL";
    std::optional<std::string> cidfile;
  };
  auto& values = command.values<Values>();
  command.usage("[options] CONTAINER [CONTAINER...]")
      .example("kill mywebserver")
      .arguments(ArgumentRule::at_least(1).or_say("you must provide at least one name or id"),
                 CompletionKind::running_container);
  command.options()
      .add("signal", 's', values.signal, "Signal to send to the container")
      .choices({"KILL", "TERM"});
  command.options()
      .add("cidfile", '\0', values.cidfile, "Read the container ID from the file")
      .complete(CompletionKind::file);
  command.run([&values](CommandContext& context) {
    context.out.print("kill {} {}\n", values.signal, join(context.arguments, " "));
    return 0;
  });
}

void setup_fail(Command& command) {
  command.run([](CommandContext& context) -> int {
    context.out.line("before");
    throw Error(ErrorClass::not_found, "no such container")
        .add_context("no container with name or ID \"x\" found")
        .set_hint("try again")
        .set_exit_code(1);
  });
}

void setup_boom(Command& command) {
  command.run([](CommandContext&) -> int { throw std::logic_error("impossible"); });
}

constexpr Verb k_ps = {"List containers", setup_ps};
constexpr Verb k_run = {"Run a command in a new container", setup_run};
constexpr Verb k_kill = {"Kill one or more running containers with a specific signal", setup_kill};

constexpr CommandRow k_rows[] = {
    {"__complete", "", {"", setup_complete}, true},
    {"completion", "", {"Generate shell autocompletions", setup_completion}, true},
    {"container", "", {"Manage containers"}},
    {"container kill", "", k_kill},
    {"container list", "ls", k_ps},
    {"container run", "", k_run},
    {"boom", "", {"", setup_boom}, true},
    {"fail", "", {"", setup_fail}, true},
    {"help", "", {"Help about any command", setup_help}},
    {"image", "", {"Manage images"}},
    {"image list", "ls", k_ps},
    {"kill", "", k_kill},
    {"ps", "", k_ps},
    {"run", "", k_run},
    {"version", "", {"Display the version", setup_version}},
};

}  // namespace

CommandTable sample_table() {
  return k_rows;
}

RunResult run_line(std::vector<std::string> words, CompletionSource* completions) {
  words.insert(words.begin(), "coracle");
  linux::Pipe out_pipe = linux::make_pipe();
  linux::Pipe err_pipe = linux::make_pipe();
  Output out(out_pipe.write.get(), "standard output");
  Output err(err_pipe.write.get(), "standard error");
  RunResult result;
  result.code = run_invocation(
      {.table = sample_table(), .out = out, .err = err, .completions = completions}, words);
  out_pipe.write.reset();
  err_pipe.write.reset();
  result.out = linux::read_all(out_pipe.read.get());
  result.err = linux::read_all(err_pipe.read.get());
  return result;
}

}  // namespace coracle::cli::test
