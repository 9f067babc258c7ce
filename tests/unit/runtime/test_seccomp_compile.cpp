// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include <catch2/catch.hpp>
#include <random>

#include "coracle/base/error.hpp"
#include "runtime/seccomp/compile_internal.hpp"
#include "runtime/seccomp/decision_table_internal.hpp"
#include "unit/runtime/seccomp_support.hpp"

using namespace coracle;
using namespace coracle::runtime;
using oci::SeccompAction;
using oci::SeccompOperator;

namespace {

/// Numbers of every kind: all that exist, x32's, borders, the impossible.
std::vector<std::uint32_t> numbers_to_try() {
  std::vector<std::uint32_t> numbers = {0x3fffffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
  for (std::uint32_t number = 0; number < 1200; ++number) {
    numbers.push_back(number);
    numbers.push_back(0x40000000 | number);
  }
  return numbers;
}

std::uint64_t random_argument(std::mt19937& random) {
  constexpr std::uint64_t k_interesting[] = {
      0,  1,  2,  8, 9,          16,         17,      37,      38,         39,
      40, 41, 45, 8, 0x10000000, 0x7e020000, 0x20000, 0x20008, 0xffffffff, 0x100000000};
  if (random() % 3 == 0) return (std::uint64_t{random()} << 32) | random();
  return k_interesting[random() % std::size(k_interesting)];
}

/// Whether the number may be one that only our own table knows, or beyond all that a profile names.
bool is_ours_alone(std::uint32_t architecture, std::uint32_t number) {
  constexpr std::uint32_t k_first = 335;  // uretprobe
  const bool x32 = architecture == seccomp::audit_architecture(SCMP_ARCH_X32);
  return (x32 ? number & ~seccomp::k_x32_bit : number) >= k_first;
}

/// Compares libseccomp's filter for all architectures with what we make of it, call by call.
void check_same_decisions(const oci::SeccompSpec& spec) {
  const auto tokens = seccomp::tokens_of(spec);
  const auto exported = seccomp::export_filter(spec, tokens);
  const auto condensed = compile_seccomp(spec).filter;
  std::vector<std::uint32_t> architectures = {0x12345678};
  for (const auto token : tokens) architectures.push_back(seccomp::audit_architecture(token));
  std::mt19937 random(7);
  std::size_t different = 0;
  for (const auto architecture : architectures) {
    for (const auto number : numbers_to_try()) {
      for (int round = 0; round < 20; ++round) {
        seccomp_data call{};
        call.nr = static_cast<int>(number);
        call.arch = architecture;
        for (auto& argument : call.args) argument = random_argument(random);
        const auto theirs = test::run_filter(exported, call);
        const auto ours = test::run_filter(condensed, call);
        if (ours == theirs) continue;
        const bool meant = is_ours_alone(architecture, number) &&
                           theirs == seccomp::default_action(spec) &&
                           (ours == test::errno_action(ENOSYS) || ours == test::k_allow);
        if (meant) continue;
        ++different;
        UNSCOPED_INFO("architecture " << architecture << " number " << number);
      }
    }
  }
  CHECK(different == 0);
}

oci::SeccompSyscall rule(const char* name, SeccompAction action,
                         std::vector<oci::SeccompArg> args = {},
                         std::optional<std::uint32_t> errno_ret = std::nullopt) {
  oci::SeccompSyscall result;
  result.names = {name};
  result.action = action;
  result.args = std::move(args);
  result.errno_ret = errno_ret;
  return result;
}

oci::SeccompSpec spec_of(SeccompAction unnamed, std::vector<oci::SeccompSyscall> rules) {
  oci::SeccompSpec spec;
  spec.default_action = unnamed;
  spec.syscalls = std::move(rules);
  return spec;
}

}  // namespace

TEST_CASE("a condensed filter decides as libseccomp's does", "[seccomp][compile]") {
  const auto set =
      GENERATE(linux::CapabilitySet{0}, test::docker_capabilities(), test::every_capability());
  check_same_decisions(test::resolve_file("docker-default.json", set));
  check_same_decisions(test::resolve_file("podman-default.json", set));
  check_same_decisions(default_seccomp_spec(set));
}

TEST_CASE("conditions on arguments survive", "[seccomp][compile]") {
  std::vector<oci::SeccompSyscall> rules;
  std::mt19937 random(11);
  const char* names[] = {"socket", "ioctl", "prctl", "clone",
                         "mmap",   "fcntl", "kill",  "setsockopt"};
  for (const char* name : names) {
    for (std::uint32_t index = 0; index < 3; ++index) {
      const auto op = static_cast<SeccompOperator>(random() % 7);
      rules.push_back(rule(name, SeccompAction::errno_value,
                           {{index, random_argument(random), random_argument(random), op}},
                           10 + index));
    }
  }
  auto spec = spec_of(SeccompAction::allow, rules);
#ifdef __x86_64__
  spec.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
#endif
  check_same_decisions(spec);
}

TEST_CASE("every comparison compares 64 bits", "[seccomp][compile]") {
  struct Case {
    SeccompOperator op;
    std::uint64_t value, two, matching, other;
  };
  constexpr std::uint64_t k_high = 1ULL << 40;
  const Case cases[] = {
      {SeccompOperator::equal, k_high | 5, 0, k_high | 5, 5},
      {SeccompOperator::not_equal, k_high | 5, 0, 5, k_high | 5},
      {SeccompOperator::less, k_high, 0, k_high - 1, k_high},
      {SeccompOperator::less_or_equal, k_high, 0, k_high, k_high + 1},
      {SeccompOperator::greater, k_high, 0, k_high + 1, k_high},
      {SeccompOperator::greater_or_equal, k_high, 0, k_high, k_high - 1},
      // (argument & value) == value_two
      {SeccompOperator::masked_equal, 0xff00000000, 0x1200000000, 0x1256781234, 0x1300000000},
  };
  for (const auto& [op, value, two, matching, other] : cases) {
    const auto program = compile_seccomp(
        spec_of(SeccompAction::allow,
                {rule("kill", SeccompAction::errno_value, {{0, value, two, op}}, 42)}));
    CAPTURE(static_cast<int>(op));
    CHECK(test::decide(program, "kill", {matching}) == test::errno_action(42));
    CHECK(test::decide(program, "kill", {other}) == test::k_allow);
  }
}

TEST_CASE("all arguments of a rule must match, repeated ones any", "[seccomp][compile]") {
  const auto both = compile_seccomp(
      spec_of(SeccompAction::allow,
              {rule("kill", SeccompAction::errno_value,
                    {{0, 1, 0, SeccompOperator::equal}, {1, 2, 0, SeccompOperator::equal}})}));
  CHECK(test::decide(both, "kill", {1, 2}) == test::errno_action(EPERM));
  CHECK(test::decide(both, "kill", {1, 3}) == test::k_allow);
  const auto either = compile_seccomp(
      spec_of(SeccompAction::allow,
              {rule("kill", SeccompAction::errno_value,
                    {{0, 1, 0, SeccompOperator::equal}, {0, 2, 0, SeccompOperator::equal}})}));
  CHECK(test::decide(either, "kill", {1}) == test::errno_action(EPERM));
  CHECK(test::decide(either, "kill", {2}) == test::errno_action(EPERM));
  CHECK(test::decide(either, "kill", {3}) == test::k_allow);
}

TEST_CASE("actions become the kernel's values", "[seccomp][compile]") {
  const auto program = compile_seccomp(spec_of(
      SeccompAction::allow,
      {rule("mkdir", SeccompAction::kill_process), rule("rmdir", SeccompAction::kill_thread),
       rule("link", SeccompAction::trap), rule("symlink", SeccompAction::log),
       rule("chmod", SeccompAction::trace, {}, 7), rule("chown", SeccompAction::notify),
       rule("fchmod", SeccompAction::errno_value, {}, 0)}));
  CHECK(test::decide(program, "mkdir") == SECCOMP_RET_KILL_PROCESS);
  CHECK(test::decide(program, "rmdir") == SECCOMP_RET_KILL_THREAD);
  CHECK(test::decide(program, "link") == SECCOMP_RET_TRAP);
  CHECK(test::decide(program, "symlink") == SECCOMP_RET_LOG);
  CHECK(test::decide(program, "chmod") == (SECCOMP_RET_TRACE | 7));
  CHECK(test::decide(program, "chown") == SECCOMP_RET_USER_NOTIF);
  CHECK(test::decide(program, "fchmod") == test::errno_action(0));
  CHECK(program.notify);
  CHECK((program.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0);
}

TEST_CASE("calls of other architectures and of none kill", "[seccomp][compile]") {
  const auto program =
      compile_seccomp(spec_of(SeccompAction::allow, {rule("mkdir", SeccompAction::log)}));
  seccomp_data call = test::native_call(0);
  call.arch = 0x12345678;
  CHECK(test::run_filter(program.filter, call) == SECCOMP_RET_KILL_THREAD);
}

TEST_CASE("calls that are newer than a profile fail with ENOSYS", "[seccomp][compile]") {
  auto spec = spec_of(SeccompAction::errno_value,
                      {rule("read", SeccompAction::allow), rule("openat2", SeccompAction::allow)});
  const int known = ::seccomp_syscall_resolve_name("openat2");
  const auto answer = [&](int number) {
    return test::run_filter(compile_seccomp(spec).filter, test::native_call(number));
  };
  CHECK(answer(known) == test::k_allow);
  CHECK(answer(known - 1) == test::errno_action(EPERM));
  CHECK(answer(known + 1) == test::errno_action(ENOSYS));
  CHECK(answer(100'000) == test::errno_action(ENOSYS));
  SECTION("not when everything else is allowed") {
    spec.default_action = SeccompAction::allow;
    CHECK(answer(100'000) == test::k_allow);
  }
  SECTION("nor when a tracer decides") {
    spec.default_action = SeccompAction::trace;
    CHECK(answer(100'000) == (SECCOMP_RET_TRACE | EPERM));
  }
  SECTION("but when they would kill") {
    spec.default_action = SeccompAction::kill_process;
    CHECK(answer(known - 1) == SECCOMP_RET_KILL_PROCESS);
    CHECK(answer(100'000) == test::errno_action(ENOSYS));
  }
}

TEST_CASE("calls that are newer than libseccomp keep their rules", "[seccomp][compile]") {
  constexpr int k_mseal = 462;
  constexpr int k_file_getattr = 468;
  const auto program = compile_seccomp(
      spec_of(SeccompAction::errno_value,
              {rule("read", SeccompAction::allow), rule("mseal", SeccompAction::allow),
               rule("file_getattr", SeccompAction::errno_value, {}, EACCES),
               rule("mseal", SeccompAction::log)}));
  CHECK(test::run_filter(program.filter, test::native_call(k_mseal)) == test::k_allow);
  CHECK(test::run_filter(program.filter, test::native_call(k_mseal - 1)) ==
        test::errno_action(EPERM));
  CHECK(test::run_filter(program.filter, test::native_call(k_file_getattr)) ==
        test::errno_action(EACCES));
  CHECK(test::run_filter(program.filter, test::native_call(k_file_getattr + 1)) ==
        test::errno_action(ENOSYS));
}

#ifdef __x86_64__
TEST_CASE("x32 calls follow their own numbers", "[seccomp][compile]") {
  auto spec = spec_of(SeccompAction::errno_value,
                      {rule("mseal", SeccompAction::allow), rule("execve", SeccompAction::allow)});
  const auto answer = [&](std::uint32_t number) {
    return test::run_filter(compile_seccomp(spec).filter,
                            test::native_call(static_cast<int>(number)));
  };
  CHECK(answer(0x40000000 | 462) == SECCOMP_RET_KILL_THREAD);
  spec.architectures = {"SCMP_ARCH_X32"};
  CHECK(answer(0x40000000 | 462) == test::k_allow);
  CHECK(answer(0x40000000 | 520) == test::k_allow);  // execve
  CHECK(answer(59) == test::k_allow);
  CHECK(answer(520) == test::errno_action(ENOSYS));
  CHECK(answer(0x40000000 | 600) == test::errno_action(ENOSYS));
}
#endif

TEST_CASE("unknown calls are skipped, unknown words are errors", "[seccomp][compile]") {
  CHECK_NOTHROW(compile_seccomp(
      spec_of(SeccompAction::errno_value,
              {rule("no_such_call", SeccompAction::allow), rule("read", SeccompAction::allow)})));
  auto spec = spec_of(SeccompAction::errno_value, {rule("read", SeccompAction::allow)});
  spec.flags = {"SECCOMP_FILTER_FLAG_FASTER"};
  CHECK_THROWS_AS(compile_seccomp(spec), Error);
  spec.flags = {};
  spec.architectures = {"PDP11"};
  CHECK_THROWS_AS(compile_seccomp(spec), Error);
  spec.architectures = {"SCMP_ARCH_TOMORROW"};
  CHECK_NOTHROW(compile_seccomp(spec));
}

TEST_CASE("the default action cannot be a question", "[seccomp][compile]") {
  CHECK_THROWS_AS(compile_seccomp(spec_of(SeccompAction::notify, {})), Error);
}

TEST_CASE("contradicting rules are an error that names the call", "[seccomp][compile]") {
  const std::vector<oci::SeccompArg> args = {{0, 1, 0, SeccompOperator::equal}};
  CHECK_THROWS_WITH(compile_seccomp(spec_of(SeccompAction::errno_value,
                                            {rule("kill", SeccompAction::allow, args),
                                             rule("kill", SeccompAction::log, args)})),
                    Catch::Contains("'kill'"));
}

TEST_CASE("a filter beyond the kernel's limit is refused", "[seccomp][compile]") {
  std::vector<oci::SeccompSyscall> rules;
  for (std::uint64_t value = 0; value < 5000; ++value) {
    rules.push_back(
        rule("ioctl", SeccompAction::errno_value, {{1, value * 3, 0, SeccompOperator::equal}}));
  }
  CHECK_THROWS_AS(compile_seccomp(spec_of(SeccompAction::allow, rules)), Error);
}

TEST_CASE("flags", "[seccomp][compile]") {
  auto spec = spec_of(SeccompAction::errno_value, {rule("read", SeccompAction::allow)});
  CHECK(compile_seccomp(spec).flags == SECCOMP_FILTER_FLAG_SPEC_ALLOW);
  spec.flags = {"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"};
  CHECK(compile_seccomp(spec).flags == (SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC));
}

TEST_CASE("the default filter stays small", "[seccomp][compile]") {
  CHECK(compile_seccomp(default_seccomp_spec(test::docker_capabilities())).filter.size() < 800);
}
