// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "runtime/seccomp/profile_internal.hpp"
#include "unit/runtime/seccomp_support.hpp"

using namespace coracle;
using namespace coracle::runtime;

namespace {

SeccompConditions conditions(linux::CapabilitySet set, const char* architecture = "amd64",
                             int major = 6, int minor = 1) {
  return {set, architecture, major, minor};
}

oci::SeccompSpec resolve(const std::string& text, const SeccompConditions& with) {
  return SeccompProfile::parse(text, "test").resolve(with);
}

/// A profile with one rule for "mount" that has these further members.
std::string rule(const std::string& members) {
  return R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["mount"],"action":"SCMP_ACT_ALLOW",)" +
         members + "}]}";
}

bool holds(const std::string& members, const SeccompConditions& with) {
  return !resolve(rule(members), with).syscalls.empty();
}

}  // namespace

TEST_CASE("included capabilities must all be there", "[seccomp][profile]") {
  const auto both = R"("includes":{"caps":["CAP_SYS_ADMIN","CAP_SYS_CHROOT"]})";
  CHECK_FALSE(holds(both, conditions(0)));
  CHECK_FALSE(holds(both, conditions(test::capabilities({"CAP_SYS_ADMIN"}))));
  CHECK(holds(both, conditions(test::capabilities({"CAP_SYS_ADMIN", "CAP_SYS_CHROOT"}))));
}

TEST_CASE("one excluded capability suffices", "[seccomp][profile]") {
  const auto either = R"("excludes":{"caps":["CAP_SYS_ADMIN","CAP_SYS_CHROOT"]})";
  CHECK(holds(either, conditions(0)));
  CHECK_FALSE(holds(either, conditions(test::capabilities({"CAP_SYS_CHROOT"}))));
}

TEST_CASE("a capability that does not exist is never there", "[seccomp][profile]") {
  CHECK_FALSE(holds(R"("includes":{"caps":["CAP_MAGIC"]})", conditions(test::every_capability())));
  CHECK(holds(R"("excludes":{"caps":["CAP_MAGIC"]})", conditions(test::every_capability())));
}

TEST_CASE("rules for other architectures are left out", "[seccomp][profile]") {
  const auto arm = R"("includes":{"arches":["arm","arm64"]})";
  CHECK(holds(arm, conditions(0, "arm64")));
  CHECK_FALSE(holds(arm, conditions(0, "amd64")));
  const auto not_s390 = R"("excludes":{"arches":["s390","s390x"]})";
  CHECK(holds(not_s390, conditions(0, "amd64")));
  CHECK_FALSE(holds(not_s390, conditions(0, "s390x")));
}

TEST_CASE("kernel versions are compared as numbers", "[seccomp][profile]") {
  const auto since = R"("includes":{"minKernel":"4.8"})";
  CHECK(holds(since, conditions(0, "amd64", 4, 8)));
  CHECK(holds(since, conditions(0, "amd64", 4, 10)));
  CHECK(holds(since, conditions(0, "amd64", 5, 0)));
  CHECK_FALSE(holds(since, conditions(0, "amd64", 4, 7)));
  CHECK_FALSE(holds(R"("excludes":{"minKernel":"4.8"})", conditions(0, "amd64", 6, 1)));
  CHECK(seccomp::parse_kernel_version("6.18.44-fc") == seccomp::KernelVersion{6, 18});
  CHECK(seccomp::parse_kernel_version("6.1-rc1") == seccomp::KernelVersion{6, 1});
  CHECK_FALSE(seccomp::parse_kernel_version("6"));
  CHECK_FALSE(seccomp::parse_kernel_version("a.b"));
  CHECK_FALSE(seccomp::parse_kernel_version("-1.2"));
}

TEST_CASE("the architecture map gives the family of the native one", "[seccomp][profile]") {
  const auto text = test::read_data("podman-default.json");
  CHECK(resolve(text, conditions(0, "amd64")).architectures ==
        std::vector<std::string>{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"});
  CHECK(resolve(text, conditions(0, "arm64")).architectures ==
        std::vector<std::string>{"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"});
  CHECK(resolve(text, conditions(0, "riscv64")).architectures.empty());
}

TEST_CASE("an errno may be named, and then the name counts", "[seccomp][profile]") {
  const auto errno_of = [](const std::string& members) {
    return resolve(rule(members), conditions(0)).syscalls.at(0).errno_ret;
  };
  CHECK(errno_of(R"("errnoRet":38)") == 38U);
  CHECK(errno_of(R"("errno":"EINVAL","errnoRet":1)") == EINVAL);
  CHECK(errno_of(R"("errno":"EWOULDBLOCK")") == EAGAIN);
  CHECK(errno_of(R"("errno":"38")") == 38U);
  CHECK_FALSE(errno_of(R"("comment":"none")"));
}

TEST_CASE("a plain object of the OCI specification is a profile", "[seccomp][profile]") {
  const auto spec = resolve(R"({
    "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
    "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/run/l", "listenerMetadata": "m",
    "syscalls": [{"name": "mkdir", "action": "SCMP_ACT_ERRNO", "args": null},
                 {"names": ["a", "b"], "action": "SCMP_ACT_KILL",
                  "args": [{"index": 1, "value": 18446744073709551615, "op": "SCMP_CMP_MASKED_EQ"}]}]})",
                            conditions(0));
  CHECK(spec.default_action == oci::SeccompAction::allow);
  CHECK(spec.flags == std::vector<std::string>{"SECCOMP_FILTER_FLAG_LOG"});
  CHECK(spec.listener_path == "/run/l");
  CHECK(spec.listener_metadata == "m");
  REQUIRE(spec.syscalls.size() == 2);
  CHECK(spec.syscalls[0].names == std::vector<std::string>{"mkdir"});
  CHECK(spec.syscalls[1].action == oci::SeccompAction::kill_thread);
  CHECK(spec.syscalls[1].args.at(0).value == UINT64_MAX);
}

TEST_CASE("both reference profiles and the built-in one are read", "[seccomp][profile]") {
  CHECK(test::resolve_file("docker-default.json", 0).syscalls.size() > 10);
  CHECK(test::resolve_file("podman-default.json", 0).syscalls.size() > 10);
  CHECK(default_seccomp_spec(0).syscalls.size() > 10);
}

TEST_CASE("profiles that make no sense are refused with a word on where", "[seccomp][profile]") {
  const auto message = [](const std::string& text) -> std::string {
    try {
      SeccompProfile::parse(text, "bad.json");
    } catch (const Error& error) {
      CHECK(error.error_class() == ErrorClass::invalid_argument);
      return error.describe();
    }
    return "accepted";
  };
  using Catch::Contains;
  CHECK_THAT(message(""), Contains("bad.json"));
  CHECK_THAT(message("[]"), Contains("bad.json"));
  CHECK_THAT(message("{}"), Contains("defaultAction"));
  CHECK_THAT(message(R"({"defaultAction":7})"), Contains("defaultAction"));
  CHECK_THAT(message(R"({"defaultAction":"SCMP_ACT_DANCE"})"), Contains("SCMP_ACT_DANCE"));
  CHECK_THAT(message(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":{}})"), Contains("syscalls"));
  CHECK_THAT(message(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[7]})"),
             Contains("syscalls[0]"));
  CHECK_THAT(message(R"({"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":5000})"),
             Contains("out of range"));
  CHECK_THAT(message(R"({"defaultAction":"SCMP_ACT_ALLOW","defaultErrno":"EWHAT"})"),
             Contains("EWHAT"));
  CHECK_THAT(message(R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],
                         "archMap":[{"architecture":"SCMP_ARCH_X86_64"}]})"),
             Contains("use either"));
  CHECK_THAT(message(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
                         {"name":"a","names":["b"],"action":"SCMP_ACT_ALLOW"}]})"),
             Contains("use either"));
  CHECK_THAT(message(rule(R"("args":[{"index":6,"value":0,"op":"SCMP_CMP_EQ"}])")),
             Contains("index"));
  CHECK_THAT(message(rule(R"("args":[{"index":0,"value":-1,"op":"SCMP_CMP_EQ"}])")),
             Contains("value"));
  CHECK_THAT(message(rule(R"("args":[{"index":0,"value":1.5,"op":"SCMP_CMP_EQ"}])")),
             Contains("value"));
  CHECK_THAT(message(rule(R"("args":[{"index":0,"value":1,"op":"SCMP_CMP_LIKE"}])")),
             Contains("SCMP_CMP_LIKE"));
  CHECK_THAT(message(rule(R"("includes":[])")), Contains("syscalls[0]"));
  CHECK_THAT(message(rule(R"("includes":{"minKernel":"new"})")), Contains("new"));
  CHECK_THAT(message(std::string(1000, '[')), Contains("bad.json"));
}

TEST_CASE("a profile cannot be endless", "[seccomp][profile]") {
  std::string text = R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[)";
  for (int i = 0; i < 10'001; ++i) {
    text += R"({"names":["read"],"action":"SCMP_ACT_ALLOW"},)";
  }
  text.back() = ']';
  CHECK_THROWS_AS(SeccompProfile::parse(text + "}", "big"), Error);
}
