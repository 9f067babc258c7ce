// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/linux/subordinate_ids.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/linux/user_namespace_trial.hpp"
#include "support/namespaces.hpp"

using namespace coracle;
using namespace coracle::linux;

namespace {

/// From now on mount(2) fails with this error.
void refuse_mounts(std::uint32_t error) {
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{4, steps};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    throw SysError("cannot install a filter");
  }
}

}  // namespace

TEST_CASE("subordinate ids by name and by number") {
  const auto ranges = parse_subordinate_ids(
      "alice:100000:65536\n# "
      "alice:1:1\nbob:200000:10\n1000:300000:5\nalice:x:1\nalice:1\nalice:7:0\n\nalice:400000:1",
      "alice", 1000);
  REQUIRE(ranges.size() >= 3);
  CHECK(ranges[0].first == 100000);
  CHECK(ranges[0].count == 65536);
  CHECK(ranges[1].first == 300000);
  CHECK(ranges.back().first == 400000);
  CHECK(parse_subordinate_ids("", "alice", 1000).empty());
  CHECK(parse_subordinate_ids("alice:4294967295:2\n", "alice", 1).empty());
}

TEST_CASE("ids that nobody has") {
  CHECK(first_free_id("", "") == 100000);
  CHECK(first_free_id("a:100000:65536\n", "") == 165536);
  CHECK(first_free_id("a:165536:65536\n", "b:100000:65536\n") == 231072);
  // Room for all of them, and no line is trusted.
  CHECK(first_free_id("a:150000:10\nb:x:1\nc:1:-5\nd\n", "") == 150010);
  CHECK(first_free_id("a:1000:5\nb:500000:65536\n", "") == 100000);
}

TEST_CASE("the map of a rootless engine") {
  UserIdentity user{1000, 1001, "alice", {{100000, 65536}, {300000, 10}}, {{200000, 65536}}};
  const auto maps = rootless_mappings(user);
  CHECK(maps.uids == std::vector<IdRange>{{0, 1000, 1}, {1, 100000, 65536}, {65537, 300000, 10}});
  CHECK(maps.gids == std::vector<IdRange>{{0, 1001, 1}, {1, 200000, 65536}});
  CHECK_FALSE(is_single_id(maps));
  user.subgids.clear();
  CHECK(is_single_id(rootless_mappings(user)));
  CHECK(map_outside(maps.uids, 0) == 1000U);
  CHECK(map_outside(maps.uids, 65536) == 165535U);
  CHECK(map_outside(maps.uids, 65537) == 300000U);
  CHECK_FALSE(map_outside(maps.uids, 65547));
  CHECK(map_inside(maps.uids, 100000) == 1U);
  CHECK_FALSE(map_inside(maps.uids, 99999));
}

TEST_CASE("maps as the kernel writes them") {
  const std::vector<IdRange> ranges = {{0, 1000, 1}, {1, 100000, 65536}};
  CHECK(parse_id_map(format_id_map(ranges)) == ranges);
  CHECK(parse_id_map("         0          0 4294967295\n") ==
        std::vector<IdRange>{{0, 0, 4294967295U}});
  CHECK(parse_id_map("").empty());
}

TEST_CASE("a new namespace, entered as its root") {
  const std::uint32_t uid = ::geteuid();
  const std::uint32_t gid = ::getegid();
  const IdMappings maps{{{0, uid, 1}}, {{0, gid, 1}}};
  CHECK(test::in_user_namespace(maps, [] {
          return std::to_string(::geteuid()) + " " + std::to_string(::getegid()) + " " +
                 (in_user_namespace() ? "inside" : "outside");
        }) == "0 0 inside");
}

TEST_CASE("mounts that everybody is refused are told from those that we may not make") {
  const std::uint32_t uid = ::geteuid();
  const std::uint32_t gid = ::getegid();
  const IdMappings maps{{{0, uid, 1}}, {{0, gid, 1}}};
  const auto tried = [] { return std::to_string(try_mount()); };
  CHECK(tried() == "0");
  CHECK(test::in_user_namespace(maps, tried) == "0");
  for (const int error : {EPERM, EACCES, ENOSYS}) {
    const auto tried_with_filter = [&] {
      refuse_mounts(static_cast<std::uint32_t>(error));
      return tried();
    };
    CHECK(test::in_child(tried_with_filter) == std::to_string(error));
    CHECK(test::in_user_namespace(maps, tried_with_filter) == std::to_string(error));
  }
}

TEST_CASE("what a trial finds refused is explained by what was refused") {
  CHECK(test::in_child([] {
          refuse_mounts(EPERM);
          const NamespaceTrial trial = try_namespaces();
          const bool is_of_mount = trial.refused == NamespaceTrial::Step::mount;
          return std::to_string(trial.user_error) + (is_of_mount ? " mount: " : ": ") +
                 explain_refusal(trial).cause;
        }) == std::to_string(EPERM) +
                  " mount: a seccomp filter, such as that of a container around this one, refuses "
                  "it");
}
