// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/oci/runtime_spec.hpp"
#include "coracle/oci/seccomp_spec.hpp"
#include "data.hpp"

namespace coracle::oci {
namespace {

using test::error_of;
using test::read_data;

std::string error_with(const std::string& text) {
  return error_of([&] { parse_seccomp_spec(text, "s"); });
}

}  // namespace

TEST_CASE("a seccomp specification") {
  const auto spec = parse_runtime_spec(read_data("runtime-full.json"), "config.json").linux.seccomp;
  REQUIRE(spec);
  CHECK(spec->default_action == SeccompAction::errno_value);
  CHECK(spec->default_errno_ret == 38U);
  CHECK(spec->architectures.size() == 2);
  REQUIRE(spec->syscalls.size() == 2);
  CHECK_FALSE(spec->syscalls[0].errno_ret);
  const SeccompSyscall& rule = spec->syscalls[1];
  CHECK(rule.errno_ret == 22U);
  REQUIRE(rule.args.size() == 2);
  CHECK(rule.args[1].op == SeccompOperator::masked_equal);
  CHECK(rule.args[1].value == UINT64_MAX);
  CHECK(rule.args[1].value_two == 9);
  CHECK(parse_seccomp_spec(serialize(*spec), "s") == *spec);
  CHECK(serialize(*spec) == serialize(parse_seccomp_spec(serialize(*spec), "s")));
}

TEST_CASE("actions and operators have libseccomp's names") {
  for (int i = 0; i <= static_cast<int>(SeccompAction::notify); ++i) {
    const auto action = static_cast<SeccompAction>(i);
    CHECK(parse_seccomp_action(to_string(action)) == action);
  }
  for (int i = 0; i <= static_cast<int>(SeccompOperator::masked_equal); ++i) {
    const auto op = static_cast<SeccompOperator>(i);
    CHECK(parse_seccomp_operator(to_string(op)) == op);
  }
  CHECK(parse_seccomp_action("SCMP_ACT_KILL") == SeccompAction::kill_thread);
  CHECK(to_string(SeccompAction::errno_value) == "SCMP_ACT_ERRNO");
  CHECK(to_string(SeccompOperator::less_or_equal) == "SCMP_CMP_LE");
  CHECK_FALSE(parse_seccomp_action("allow"));
  CHECK_FALSE(parse_seccomp_operator(""));
}

TEST_CASE("malformed seccomp specifications are refused") {
  CHECK(error_with("{}") == "s: field 'defaultAction' is missing");
  CHECK(error_with(R"({"defaultAction":"SCMP_ACT_PANIC"})") ==
        "s: field 'defaultAction': unknown action 'SCMP_ACT_PANIC'");
  const std::string head = R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[)";
  CHECK(error_with(head + R"({"names":[],"action":"SCMP_ACT_LOG"}]})") ==
        "s: field 'syscalls[0].names': at least one name is needed");
  CHECK(error_with(head + R"({"names":["read"]}]})") == "s: field 'syscalls[0].action' is missing");
  const std::string rule = head + R"({"names":["read"],"action":"SCMP_ACT_LOG","args":[)";
  CHECK(error_with(rule + R"({"index":6,"value":1,"op":"SCMP_CMP_EQ"}]}]})") ==
        "s: field 'syscalls[0].args[0].index': a system call has six arguments");
  CHECK(error_with(rule + R"({"index":0,"value":-1,"op":"SCMP_CMP_EQ"}]}]})") ==
        "s: field 'syscalls[0].args[0].value': -1 is out of range");
  CHECK(error_with(rule + R"({"index":0,"value":1,"op":"=="}]}]})") ==
        "s: field 'syscalls[0].args[0].op': unknown operator '=='");
}

}  // namespace coracle::oci
