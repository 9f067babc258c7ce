// SPDX-License-Identifier: Apache-2.0
// The built-in profile against docker's and podman's: what both allow it allows, what both refuse
// it refuses, and where they differ it follows podman but for what is listed here.
#include <errno.h>
#include <linux/audit.h>
#include <sched.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "coracle/base/json_value.hpp"
#include "runtime/seccomp/default_profile_internal.hpp"
#include "runtime/seccomp/late_syscalls_internal.hpp"
#include "unit/runtime/seccomp_support.hpp"

using namespace coracle;
using namespace coracle::runtime;

namespace {

/// Younger than podman's profile, allowed by docker's, and by ours.
const std::set<std::string> k_allowed_since = {
    "cachestat",   "fchmodat2",        "futex_requeue", "futex_wait",           "futex_waitv",
    "futex_wake",  "getxattrat",       "io_pgetevents", "io_pgetevents_time64", "listmount",
    "listxattrat", "map_shadow_stack", "mseal",         "removexattrat",        "setxattrat",
    "statmount",   "uretprobe",        "riscv_hwprobe"};
/// With the capability that docker asks for; podman's profile does not know them.
const std::set<std::string> k_by_capability = {
    "lsm_get_self_attr", "lsm_list_modules",       "lsm_set_self_attr", "quotactl_fd", "bpf",
    "perf_event_open",   "set_mempolicy_home_node"};

struct Filters {
  SeccompProgram docker, podman, ours;
};

Filters filters_for(linux::CapabilitySet set) {
  return {compile_seccomp(test::resolve_file("docker-default.json", set)),
          compile_seccomp(test::resolve_file("podman-default.json", set)),
          compile_seccomp(default_seccomp_spec(set))};
}

std::set<std::string> names_in(const std::string& text) {
  std::set<std::string> names;
  const Json profile = parse_json(text, "profile");
  for (const auto& rule : profile.at("syscalls")) {
    for (const auto& name : rule.at("names")) names.insert(name.get<std::string>());
  }
  return names;
}

std::set<std::string> every_name() {
  auto names = names_in(test::read_data("docker-default.json"));
  names.merge(names_in(test::read_data("podman-default.json")));
  names.merge(names_in(std::string(default_seccomp_profile())));
  return names;
}

struct Place {
  std::uint32_t token;
  std::uint32_t audit;
};

std::vector<Place> places() {
#ifdef __x86_64__
  return {{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
          {SCMP_ARCH_X86, AUDIT_ARCH_I386},
          {SCMP_ARCH_X32, AUDIT_ARCH_X86_64}};
#else
  return {{::seccomp_arch_native(), ::seccomp_arch_native()}};
#endif
}

std::optional<std::uint32_t> number_of(const std::string& name, std::uint32_t token) {
  const int number = ::seccomp_syscall_resolve_name_arch(token, name.c_str());
  if (number == __NR_SCMP_ERROR) return seccomp::late_syscall_number(name, token);
  if (number < 0) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

void compare_names(linux::CapabilitySet set) {
  const auto [docker, podman, ours] = filters_for(set);
  for (const auto& place : places()) {
    for (const auto& name : every_name()) {
      const auto number = number_of(name, place.token);
      // Those with conditions on arguments have tests of their own below.
      if (!number || name == "socket" || name == "personality" || name == "clone") continue;
      seccomp_data call{};
      call.nr = static_cast<int>(*number);
      call.arch = place.audit;
      const bool by_docker = test::run_filter(docker.filter, call) == test::k_allow;
      const bool by_podman = test::run_filter(podman.filter, call) == test::k_allow;
      const bool by_us = test::run_filter(ours.filter, call) == test::k_allow;
      CAPTURE(name, place.token, set, by_docker, by_podman);
      if (by_docker == by_podman) {
        CHECK(by_us == by_docker);
      } else if (k_allowed_since.contains(name) || k_by_capability.contains(name)) {
        CHECK(by_us == by_docker);
      } else {
        CHECK(by_us == by_podman);
      }
    }
  }
}

}  // namespace

TEST_CASE("the default profile agrees with docker's and podman's", "[seccomp][default]") {
  compare_names(test::docker_capabilities());
  compare_names(test::podman_capabilities());
  compare_names(0);
  compare_names(test::every_capability());
}

TEST_CASE("and with each capability that a profile asks for", "[seccomp][default]") {
  const char* name =
      GENERATE("CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH", "CAP_SYS_BOOT", "CAP_SYS_CHROOT",
               "CAP_SYS_MODULE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_SYS_TIME",
               "CAP_SYS_TTY_CONFIG", "CAP_SYS_NICE", "CAP_SYSLOG", "CAP_BPF", "CAP_PERFMON");
  compare_names(test::capabilities({name}));
}

TEST_CASE("personality is for the harmless ones", "[seccomp][default]") {
  const auto [docker, podman, ours] = filters_for(test::docker_capabilities());
  for (const std::uint64_t value : {0ULL, 8ULL, 0x20000ULL, 0x20008ULL, 0xffffffffULL, 1ULL,
                                    0x40000ULL, 0x400000ULL, 0x100000000ULL}) {
    CAPTURE(value);
    const bool allowed = test::decide(ours, "personality", {value}) == test::k_allow;
    CHECK(allowed == (test::decide(docker, "personality", {value}) == test::k_allow));
    CHECK(allowed == (test::decide(podman, "personality", {value}) == test::k_allow));
  }
}

TEST_CASE("clone makes namespaces as podman lets it", "[seccomp][default]") {
  const auto [docker, podman, ours] = filters_for(test::docker_capabilities());
  for (const int flag : {0, CLONE_VM | CLONE_THREAD, CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET}) {
    CHECK(test::decide(ours, "clone", {static_cast<std::uint64_t>(flag)}) == test::k_allow);
    CHECK(test::decide(podman, "clone", {static_cast<std::uint64_t>(flag)}) == test::k_allow);
  }
  CHECK(test::decide(docker, "clone", {CLONE_NEWUSER}) == test::errno_action(EPERM));
}

TEST_CASE("socket: what either peer refuses is refused", "[seccomp][default]") {
  const auto set = GENERATE(test::docker_capabilities(), test::podman_capabilities());
  const auto [docker, podman, ours] = filters_for(set);
  constexpr std::uint64_t k_packet = 17;
  constexpr std::uint64_t k_last_family = 46;
  for (std::uint64_t family = 0; family <= k_last_family; ++family) {
    for (const std::uint64_t protocol : {0, 6, 9, 17}) {
      // No family but AF_NETLINK has a protocol 9 above AF_NETLINK's number; see the profile.
      if (family >= k_packet && family < 38 && protocol == 9) continue;
      const std::array<std::uint64_t, 6> args = {family, 1, protocol};
      CAPTURE(family, protocol, set);
      const bool both = test::decide(docker, "socket", args) == test::k_allow &&
                        test::decide(podman, "socket", args) == test::k_allow;
      CHECK((test::decide(ours, "socket", args) == test::k_allow) == both);
    }
  }
}

TEST_CASE("socket: the errno helps the caller on", "[seccomp][default]") {
  const auto program = compile_seccomp(default_seccomp_spec(test::podman_capabilities()));
  constexpr std::uint64_t k_netlink = 16, k_audit = 9, k_alg = 38, k_vsock = 40;
  CHECK(test::decide(program, "socket", {k_netlink, 3, k_audit}) == test::errno_action(EINVAL));
  CHECK(test::decide(program, "socket", {k_netlink, 3, 0}) == test::k_allow);
  CHECK(test::decide(program, "socket", {k_alg, 5, 0}) == test::errno_action(EPERM));
  CHECK(test::decide(program, "socket", {k_vsock, 1, 0}) == test::errno_action(EPERM));
  const auto audit = compile_seccomp(default_seccomp_spec(test::docker_capabilities()));
  CHECK(test::decide(audit, "socket", {k_netlink, 3, k_audit}) == test::k_allow);
}

TEST_CASE("unknown calls look as if the kernel had none", "[seccomp][default]") {
  const auto program = compile_seccomp(default_seccomp_spec(test::docker_capabilities()));
  CHECK(test::decide(program, "io_uring_setup") == test::errno_action(ENOSYS));
  CHECK(test::decide(program, "add_key") == test::errno_action(ENOSYS));
  CHECK(test::decide(program, "userfaultfd") == test::errno_action(EPERM));
  CHECK(test::run_filter(program.filter, test::native_call(5000)) == test::errno_action(ENOSYS));
}

TEST_CASE("no call has contradicting rules for the same container", "[seccomp][default]") {
  const auto set =
      GENERATE(linux::CapabilitySet{0}, test::docker_capabilities(), test::every_capability());
  std::map<std::string, oci::SeccompAction> seen;
  for (const auto& rule : default_seccomp_spec(set).syscalls) {
    if (!rule.args.empty()) continue;
    for (const auto& name : rule.names) {
      CAPTURE(name, set);
      CHECK(seen.emplace(name, rule.action).first->second == rule.action);
    }
  }
}

TEST_CASE("the embedded capabilities are those of the profile", "[seccomp][default]") {
  linux::CapabilitySet expected = 0;
  const Json profile = parse_json(default_seccomp_profile(), "built-in");
  for (const auto& rule : profile.at("syscalls")) {
    for (const char* key : {"includes", "excludes"}) {
      if (!rule.contains(key)) continue;
      expected |= linux::capability_set(json::get_strings(rule.at(key), "caps"));
    }
  }
  CHECK(seccomp::default_profile_capabilities() == expected);
}
