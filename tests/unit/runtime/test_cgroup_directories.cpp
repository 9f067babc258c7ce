// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "coracle/linux/file.hpp"
#include "runtime/cgroup/directories_internal.hpp"

using namespace coracle;
using namespace coracle::runtime::cgroup;

TEST_CASE("somebody else takes the parents of a new group away", "[cgroup][directories]") {
  const linux::TempDir top("/tmp", "coracle-cgroup-");
  const std::string parent = top.path() + "/parent";
  std::atomic<bool> is_over = false;
  std::thread other([&] {
    while (!is_over) {
      ::mkdir(parent.c_str(), 0755);
      ::rmdir(parent.c_str());
    }
  });
  constexpr int k_rounds = 500;
  int made_all = 0;
  for (int round = 0; round < k_rounds; ++round) {
    std::vector<std::string> made;
    const bool is_legacy = round % 2 != 0;
    try {
      if (is_legacy) {
        make_legacy_group(top.path(), "/parent/child", false, made);
      } else {
        make_unified_group(top.path(), "/parent/child", made);
      }
      ++made_all;
    } catch (const std::exception& error) {
      UNSCOPED_INFO(error.what());
    }
    ::rmdir((parent + "/child").c_str());
  }
  is_over = true;
  other.join();
  CHECK(made_all == k_rounds);
}

TEST_CASE("a group that cannot be made says why", "[cgroup][directories]") {
  std::vector<std::string> made;
  CHECK_THROWS_WITH(make_unified_group("/nowhere/at/all", "/parent/child", made),
                    Catch::Contains("cannot create control group '/nowhere/at/all/parent/child'") &&
                        Catch::Contains("No such file or directory"));
  CHECK(made.empty());
}
