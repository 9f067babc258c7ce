// SPDX-License-Identifier: Apache-2.0
// Every rule here is one of Go's pflag, tried with podman 4.3.
#include <stdlib.h>

#include <array>
#include <catch2/catch.hpp>

#include "cli/argument_parser.hpp"
#include "coracle/base/error.hpp"

namespace coracle::cli {
namespace {

using Words = std::vector<std::string>;

struct Fixture {
  bool tty = false;
  bool interactive = false;
  bool proxy = true;
  std::optional<bool> verify;
  std::string entrypoint = "default";
  std::optional<std::string> name;
  std::int64_t last = -1;
  std::optional<double> cpus;
  Words env;
  Words filters;
  std::string pull;
  OptionSet set;

  Fixture() {
    set.add("tty", 't', tty, "");
    set.add("interactive", 'i', interactive, "");
    set.add("sig-proxy", '\0', proxy, "");
    set.add("tls-verify", '\0', verify, "");
    set.add("entrypoint", '\0', entrypoint, "");
    set.add("name", '\0', name, "").alias("nom");
    set.add("last", 'n', last, "");
    set.add("cpus", '\0', cpus, "");
    set.add("env", 'e', env, "");
    set.add("filter", 'f', filters, "").comma_separated();
    set.add("pull", '\0', pull, "").implied("always");
  }

  ParsedArguments parse(const Words& words, OptionsEnd end = OptionsEnd::at_double_dash) {
    const std::array<OptionSet*, 1> sets = {&set};
    return parse_arguments(words, sets, end);
  }
  Words arguments(const Words& words, OptionsEnd end = OptionsEnd::at_double_dash) {
    return parse(words, end).positionals;
  }
  Words container_arguments(const Words& words) {
    return arguments(words, OptionsEnd::at_first_argument);
  }
  std::string failure(const Words& words) {
    try {
      parse(words);
    } catch (const Error& error) {
      CHECK(error.exit_code() == 125);
      return error.message();
    }
    return "no error";
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "values follow as a word, behind = or behind the letter", "[options]") {
  CHECK(arguments({"--name", "web", "-eA=1", "-e", "B=2", "--env=C=3", "-e=D=4", "-n5"}).empty());
  CHECK(name == "web");
  CHECK(env == Words{"A=1", "B=2", "C=3", "D=4"});
  CHECK(last == 5);
}

TEST_CASE_METHOD(Fixture, "an empty value after = is a value", "[options]") {
  CHECK(arguments({"--entrypoint=", "image"}) == Words{"image"});
  CHECK(entrypoint.empty());
  entrypoint = "again";
  CHECK(arguments({"--entrypoint", "", "image"}) == Words{"image"});
  CHECK(entrypoint.empty());
}

TEST_CASE_METHOD(Fixture, "a value may begin with a dash and look like JSON", "[options]") {
  CHECK(arguments({"--name", "--tty", "-n", "-1", "--entrypoint", "[\"a\",\"b\"]"}).empty());
  CHECK(name == "--tty");
  CHECK(last == -1);
  CHECK(entrypoint == "[\"a\",\"b\"]");
  CHECK_FALSE(tty);
}

TEST_CASE_METHOD(Fixture, "letters bundle", "[options]") {
  CHECK(arguments({"-it", "image"}) == Words{"image"});
  CHECK((tty && interactive));
  CHECK(arguments({"-iteX=1"}).empty());
  CHECK(env == Words{"X=1"});
  CHECK(arguments({"-ite", "Y=1"}).empty());
  CHECK(env == Words{"X=1", "Y=1"});
}

TEST_CASE_METHOD(Fixture, "flags take a value only behind =", "[options]") {
  CHECK(arguments({"--tty", "false"}) == Words{"false"});
  CHECK(tty);
  CHECK(arguments({"--tty=false", "--sig-proxy=0", "--tls-verify=T"}).empty());
  CHECK_FALSE(tty);
  CHECK_FALSE(proxy);
  CHECK(verify == true);
  CHECK(arguments({"-t=true"}).empty());
  CHECK(tty);
  CHECK(arguments({"-it=false"}).empty());
  CHECK((interactive && !tty));
}

TEST_CASE_METHOD(Fixture, "an option with an implied value stands alone or takes =", "[options]") {
  CHECK(arguments({"--pull", "image"}) == Words{"image"});
  CHECK(pull == "always");
  CHECK(arguments({"--pull=never", "image"}) == Words{"image"});
  CHECK(pull == "never");
}

TEST_CASE_METHOD(Fixture, "lists gather, and split at commas where that is meant", "[options]") {
  CHECK(arguments({"-f", "a=1,b=2", "--filter=c=3", "-e", "X=1,2"}).empty());
  CHECK(filters == Words{"a=1", "b=2", "c=3"});
  CHECK(env == Words{"X=1,2"});
}

TEST_CASE_METHOD(Fixture, "options may follow arguments, up to --", "[options]") {
  CHECK(arguments({"a", "-t", "b", "--", "-i", "--", "c"}) == Words{"a", "b", "-i", "--", "c"});
  CHECK(tty);
  CHECK_FALSE(interactive);
}

TEST_CASE_METHOD(Fixture, "for run, options end at the first argument", "[options]") {
  CHECK(container_arguments({"-t", "image", "-i", "--name", "--"}) ==
        Words{"image", "-i", "--name", "--"});
  CHECK(tty);
  CHECK_FALSE(interactive);
  CHECK(container_arguments({"--", "image", "-i"}) == Words{"image", "-i"});
  CHECK(container_arguments({"-", "-t"}) == Words{"-", "-t"});
  CHECK(container_arguments({"", "-t"}) == Words{"", "-t"});
}

TEST_CASE_METHOD(Fixture, "other names of an option work", "[options]") {
  parse({"--nom=x"});
  CHECK(name == "x");
}

TEST_CASE_METHOD(Fixture, "help is asked for by --help, and by -h where it is free", "[options]") {
  CHECK(parse({"--help"}).help);
  CHECK(parse({"-h"}).help);
  CHECK(parse({"-th", "--nope"}).help);
  bool human = false;
  set.add("human", 'h', human, "");
  CHECK_FALSE(parse({"-h"}).help);
  CHECK(human);
}

TEST_CASE_METHOD(Fixture, "mistakes are named in pflag's words", "[options]") {
  CHECK(failure({"--nope"}) == "unknown flag: --nope");
  CHECK(failure({"--tt"}) == "unknown flag: --tt");
  CHECK(failure({"--nope=x"}) == "unknown flag: --nope");
  CHECK(failure({"-x"}) == "unknown shorthand flag: 'x' in -x");
  CHECK(failure({"-itx"}) == "unknown shorthand flag: 'x' in -itx");
  CHECK(failure({"-1"}) == "unknown shorthand flag: '1' in -1");
  CHECK(failure({"--name"}) == "flag needs an argument: --name");
  CHECK(failure({"-ie"}) == "flag needs an argument: 'e' in -ie");
  CHECK(failure({"---x"}) == "bad flag syntax: ---x");
  CHECK(failure({"--=x"}) == "bad flag syntax: --=x");
  CHECK(failure({"--last=abc"}) ==
        "invalid argument \"abc\" for \"-n, --last\" flag: strconv.ParseInt: parsing \"abc\": "
        "invalid syntax");
  CHECK(
      failure({"--tls-verify=maybe"}) ==
      "invalid argument \"maybe\" for \"--tls-verify\" flag: strconv.ParseBool: parsing \"maybe\": "
      "invalid syntax");
  CHECK_THAT(failure({"--cpus", "many"}), Catch::Contains("invalid syntax"));
}

TEST_CASE_METHOD(Fixture, "an unknown option suggests the nearest one", "[options]") {
  try {
    parse({"--entripoint", "x"});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.hint() == "Did you mean '--entrypoint'?");
  }
}

TEST_CASE("the first set that knows an option gets it", "[options]") {
  bool first = false;
  bool second = false;
  bool other = false;
  OptionSet own;
  OptionSet global;
  own.add("volume", 'v', first, "");
  global.add("version", 'v', second, "");
  global.add("debug", 'D', other, "");
  const std::array<OptionSet*, 2> sets = {&own, &global};
  parse_arguments(Words{"-vD"}, sets, OptionsEnd::at_double_dash);
  CHECK(first);
  CHECK_FALSE(second);
  CHECK(other);
}

TEST_CASE("a list given on the command line replaces its default", "[options]") {
  Words list = {"a", "b"};
  OptionSet set;
  CHECK(set.add("list", 'l', list, "").shown_default() == "[a,b]");
  const std::array<OptionSet*, 1> sets = {&set};
  parse_arguments(Words{"-l", "c", "-l", "d"}, sets, OptionsEnd::at_double_dash);
  CHECK(list == Words{"c", "d"});
}

TEST_CASE("the environment stands in for an option", "[options]") {
  std::string level = "warn";
  OptionSet set;
  set.add("log-level", '\0', level, "").environment({"CORACLE_TEST_A", "CORACLE_TEST_B"});
  ::setenv("CORACLE_TEST_B", "debug", 1);
  SECTION("when the command line does not set it") {
    set.apply_environment();
    CHECK(level == "debug");
  }
  SECTION("the first variable that is set counts") {
    ::setenv("CORACLE_TEST_A", "info", 1);
    set.apply_environment();
    ::unsetenv("CORACLE_TEST_A");
    CHECK(level == "info");
  }
  SECTION("the command line wins") {
    set.find("log-level")->set("error");
    set.apply_environment();
    CHECK(level == "error");
  }
  ::unsetenv("CORACLE_TEST_B");
}

}  // namespace coracle::cli
