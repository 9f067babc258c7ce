// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cli/command_table.hpp"
#include "coracle/base/error.hpp"
#include "test_support.hpp"

namespace coracle::cli {

using test::run_line;

TEST_CASE("a command is found by any of its paths", "[invocation]") {
  CHECK(run_line({"ps", "-a"}).out == "ps all=true last=-1 root=none\n");
  CHECK(run_line({"container", "list", "-a"}).out == "ps all=true last=-1 root=none\n");
  CHECK(run_line({"container", "ls", "-an2"}).out == "ps all=true last=2 root=none\n");
  CHECK(run_line({"kill", "a", "-s", "TERM", "b"}).out == "kill TERM a b\n");
  CHECK(run_line({"container", "kill", "a"}).out == "kill KILL a\n");
}

TEST_CASE("the command's exit code is the program's", "[invocation]") {
  CHECK(run_line({"run", "image"}).code == 7);
  CHECK(run_line({"ps"}).code == 0);
}

TEST_CASE("global options stand before and after the command", "[invocation]") {
  CHECK(run_line({"--root", "/r", "ps"}).out == "ps all=false last=-1 root=/r\n");
  CHECK(run_line({"ps", "--root=/r"}).out == "ps all=false last=-1 root=/r\n");
  CHECK(run_line({"container", "--root=/r", "ls"}).out == "ps all=false last=-1 root=/r\n");
  CHECK(run_line({"--root=/a", "ps", "--root=/b"}).out == "ps all=false last=-1 root=/b\n");
}

TEST_CASE("the words behind IMAGE belong to the container", "[invocation]") {
  CHECK(run_line({"run", "-t", "image", "ls", "-l", "--root"}).out ==
        "run tty=true volume=: image ls -l --root\n");
  CHECK(run_line({"run", "-v", "/a:/b", "image"}).out == "run tty=false volume=/a:/b: image\n");
  CHECK(run_line({"run", "image", "--help"}).out == "run tty=false volume=: image --help\n");
}

TEST_CASE("an unknown command is an error with the nearest match", "[invocation]") {
  const auto result = run_line({"kil"});
  CHECK(result.code == 125);
  CHECK(result.out.empty());
  CHECK(result.err ==
        "Error: unrecognized command `coracle kil`\n\nDid you mean this?\n\tkill\n\n"
        "Try 'coracle --help' for more information\n");
  CHECK(run_line({"container", "frobnicate"}).err ==
        "Error: unrecognized command `coracle container frobnicate`\n"
        "Try 'coracle container --help' for more information\n");
}

TEST_CASE("an unknown option says where help is", "[invocation]") {
  const auto result = run_line({"ps", "--al"});
  CHECK(result.code == 125);
  CHECK(result.err ==
        "Error: unknown flag: --al\nDid you mean '--all'?\nSee 'coracle ps --help'\n");
  CHECK(run_line({"--frob"}).err == "Error: unknown flag: --frob\nSee 'coracle --help'\n");
  CHECK(run_line({"container", "--frob"}).err ==
        "Error: unknown flag: --frob\nSee 'coracle container --help'\n");
}

TEST_CASE("the number of arguments is checked", "[invocation]") {
  CHECK(run_line({"kill"}).err == "Error: you must provide at least one name or id\n");
  CHECK(run_line({"ps", "x"}).err == "Error: `coracle ps` takes no arguments\n");
  CHECK(run_line({"run"}).err == "Error: requires at least 1 arg(s), only received 0\n");
  CHECK(run_line({"run"}).code == 125);
}

TEST_CASE("argument rules speak podman's words", "[invocation]") {
  const auto message = [](const ArgumentRule& rule, std::size_t count) -> std::string {
    try {
      rule.check("x", count);
    } catch (const Error& error) {
      return error.message();
    }
    return "";
  };
  CHECK(message(ArgumentRule::exactly(2), 1) == "accepts 2 arg(s), received 1");
  CHECK(message(ArgumentRule::between(1, 2), 3) == "accepts between 1 and 2 arg(s), received 3");
  CHECK(message(ArgumentRule::at_most(1), 2) == "accepts at most 1 arg(s), received 2");
  CHECK(message(ArgumentRule::any(), 1000).empty());
  CHECK(message(ArgumentRule::exactly(2).or_say("name it"), 0) == "name it");
  CHECK(message(ArgumentRule::exactly(2).or_say("name it"), 3) == "accepts 2 arg(s), received 3");
}

TEST_CASE("a group alone prints its help and fails", "[invocation]") {
  const auto result = run_line({"container"});
  CHECK(result.code == 125);
  CHECK_THAT(result.out,
             Catch::StartsWith("Manage containers\n\nDescription:\n  Manage containers\n"));
  CHECK(result.err == "Error: missing command 'coracle container COMMAND'\n");
  CHECK(run_line({}).err == "Error: missing command 'coracle COMMAND'\n");
  CHECK(run_line({"container", "--help"}).code == 0);
}

TEST_CASE("an error is printed once, with context and hint", "[invocation]") {
  const auto result = run_line({"fail"});
  CHECK(result.code == 1);
  CHECK(result.out == "before\n");
  CHECK(result.err ==
        "Error: no container with name or ID \"x\" found: no such container\ntry again\n");
}

TEST_CASE("a mistake of ours is reported as one", "[invocation]") {
  const auto result = run_line({"boom"});
  CHECK(result.code == 125);
  CHECK(result.err == "Error: internal error: impossible\n");
}

TEST_CASE("version and log level are global", "[invocation]") {
  CHECK(run_line({"--version"}).out == "coracle version " CORACLE_VERSION "\n");
  CHECK(run_line({"-v"}).out == run_line({"--version"}).out);
  CHECK(run_line({"version", "-f", "{{.Server.Version}}"}).out == CORACLE_VERSION "\n");
  const auto result = run_line({"--log-level=loud", "ps"});
  CHECK(result.code == 125);
  CHECK_THAT(result.err, Catch::StartsWith("Error: log level \"loud\" is not supported"));
}

TEST_CASE("completion prints the script of a shell", "[invocation]") {
  CHECK_THAT(run_line({"completion", "bash"}).out, Catch::Contains("complete -F _coracle coracle"));
  CHECK_THAT(run_line({"completion", "zsh"}).out, Catch::StartsWith("#compdef coracle"));
  CHECK_THAT(run_line({"completion", "fish"}).out, Catch::Contains("complete -c coracle"));
  CHECK(run_line({"completion", "tcsh"}).code == 125);
}

TEST_CASE("the command table is sound", "[invocation]") {
  const CommandTable table = command_table();
  for (const CommandRow& row : table) {
    INFO(row.path);
    CHECK_FALSE(row.verb.summary.empty());
    const auto space = row.path.rfind(' ');
    const std::string_view group = space == std::string_view::npos ? "" : row.path.substr(0, space);
    // No other row of the group has the same name or alias.
    CHECK(find_row(table, group, last_word(row.path)) == &row);
    if (!group.empty()) {
      const auto above = group.rfind(' ');
      const CommandRow* parent = find_row(
          table, above == std::string_view::npos ? "" : group.substr(0, above), last_word(group));
      REQUIRE(parent != nullptr);
      CHECK(parent->verb.setup == nullptr);
    }
    if (row.verb.setup == nullptr) continue;
    Command command(row);
    row.verb.setup(command);
    std::vector<std::string_view> names;
    for (const Option& option : command.options().all()) {
      INFO(option.name());
      CHECK(std::ranges::find(names, option.name()) == names.end());
      names.push_back(option.name());
      CHECK(command.options().find_letter(option.letter()) ==
            (option.letter() == '\0' ? nullptr : &option));
      CHECK_FALSE(option.help().empty());
      CHECK_FALSE(option.help().ends_with('.'));
    }
  }
}

}  // namespace coracle::cli
