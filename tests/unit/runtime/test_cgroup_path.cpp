// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "runtime/cgroup/hierarchy_internal.hpp"
#include "runtime/cgroup/path_internal.hpp"

using namespace coracle;
using namespace coracle::runtime::cgroup;

TEST_CASE("groups of containers have a place", "[cgroup][path]") {
  CHECK(group_path("", "abc", "") == "/coracle/abc");
  CHECK(group_path("", "abc", "/user.slice/u") == "/user.slice/u/coracle/abc");
  CHECK(group_path("/kubepods/pod1/c", "abc", "") == "/kubepods/pod1/c");
  CHECK(group_path("mine/c", "abc", "") == "/mine/c");
  CHECK(group_path("mine/c", "abc", "/base") == "/base/mine/c");
  CHECK(group_path("/mine", "abc", "/base") == "/base/mine");
  CHECK(group_path("/base/mine", "abc", "/base") == "/base/mine");
  CHECK(group_path("/based", "abc", "/base") == "/base/based");
}

TEST_CASE("a path cannot leave the hierarchy", "[cgroup][path]") {
  CHECK(group_path("/../../etc/x", "abc", "") == "/etc/x");
  CHECK(group_path("../../x", "abc", "/base") == "/base/x");
  CHECK(group_path("/base/../other", "abc", "/base") == "/base/other");
  CHECK(group_path("a//b/./c/", "abc", "") == "/a/b/c");
  CHECK_THROWS_AS(group_path("/", "abc", ""), Error);
  CHECK_THROWS_AS(group_path("a/..", "abc", "/base"), Error);
}

TEST_CASE("systemd's form becomes its directories", "[cgroup][path]") {
  CHECK(group_path("system.slice:docker:abc", "abc", "") == "/system.slice/docker-abc.scope");
  CHECK(group_path(":docker:abc", "abc", "") == "/system.slice/docker-abc.scope");
  CHECK(group_path("kubepods-besteffort-pod1.slice:cri-containerd:abc", "abc", "") ==
        "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/"
        "cri-containerd-abc.scope");
  CHECK(group_path("user.slice::abc", "abc", "") == "/user.slice/abc.scope");
  CHECK(group_path("a.slice:x:b.slice", "abc", "") == "/a.slice/b.slice");
  CHECK(group_path("-.slice:x:y", "abc", "") == "/x-y.scope");
  CHECK(expand_slice("a-b.slice") == "/a.slice/a-b.slice");
  CHECK(expand_slice("nothing") == "");
}

TEST_CASE("/proc/self/cgroup", "[cgroup][path]") {
  const auto memberships = parse_memberships(
      "12:cpu,cpuacct:/a\n3:name=systemd:/user.slice\nrubbish\n1:x\n0::/user.slice/a:b\n");
  REQUIRE(memberships.size() == 3);
  CHECK(memberships[0].controllers == std::vector<std::string>{"cpu", "cpuacct"});
  CHECK(memberships[0].path == "/a");
  CHECK(memberships[1].controllers == std::vector<std::string>{"name=systemd"});
  CHECK(memberships[2].controllers.empty());
  CHECK(memberships[2].path == "/user.slice/a:b");
}
