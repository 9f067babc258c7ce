// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/linux/file.hpp"
#include "support/namespaces.hpp"

using namespace coracle;
using namespace coracle::linux;

TEST_CASE("atomic replacement leaves the old or the new, and no more") {
  const TempDir directory("/tmp", "coracle-file-");
  const std::string path = directory.path() + "/state";
  write_file_atomic(path, "one");
  write_file_atomic(path, "two", Durability::power_loss, 0640);
  CHECK(read_file(path) == "two");
  CHECK((stat_if_exists(path)->st_mode & 07777) == 0640);
  CHECK(list_directory(directory.path()) == std::vector<std::string>{"state"});
  // What cannot be written leaves what was there.
  CHECK(test::in_child([&] {
          const rlimit limit{10, 10};
          ::setrlimit(RLIMIT_FSIZE, &limit);
          ::signal(SIGXFSZ, SIG_IGN);
          write_file_atomic(path, std::string(100, 'x'));
          return std::string("written");
        }).starts_with("error: "));
  CHECK(read_file(path) == "two");
  CHECK(list_directory(directory.path()).size() == 1);
  CHECK_THROWS_AS(write_new_file(path, "three"), SysError);
  CHECK_THROWS_AS(write_existing(directory.path() + "/none", "x"), SysError);
}

TEST_CASE("reading: missing, too large") {
  const TempDir directory("/tmp", "coracle-file-");
  CHECK_FALSE(read_file_if_exists(directory.path() + "/none"));
  CHECK_THROWS_AS(read_file(directory.path() + "/none"), SysError);
  write_new_file(directory.path() + "/large", std::string(1000, 'x'));
  CHECK_THROWS_AS(read_file(directory.path() + "/large", 999), Error);
  CHECK(read_file(directory.path() + "/large", 1000).size() == 1000);
  CHECK(list_directory(directory.path() + "/none").empty());
}

TEST_CASE("a tree is removed, and nothing that its links lead to") {
  const TempDir directory("/tmp", "coracle-file-");
  const std::string tree = directory.path() + "/tree";
  ensure_directory(tree + "/a/b/c", 0755);
  ensure_directory(directory.path() + "/kept");
  write_new_file(directory.path() + "/kept/file", "x");
  REQUIRE(::symlink("../../kept", (tree + "/a/link").c_str()) == 0);
  REQUIRE(::chmod((tree + "/a/b").c_str(), 0) == 0);
  remove_tree(tree);
  CHECK_FALSE(exists(tree));
  CHECK(exists(directory.path() + "/kept/file"));
  remove_tree(tree);
}

TEST_CASE("a temporary directory goes with its owner, unless given away") {
  std::string kept;
  std::string gone;
  {
    TempDir one("/tmp", "coracle-file-");
    TempDir other("/tmp", "coracle-file-");
    write_new_file(one.path() + "/x", "x");
    gone = one.path();
    const TempDir moved = std::move(one);
    kept = other.release();
    CHECK(exists(gone));
  }
  CHECK_FALSE(exists(gone));
  CHECK(exists(kept));
  remove_tree(kept);
}

TEST_CASE("locks exclude, share, and end with their process") {
  const TempDir directory("/tmp", "coracle-file-");
  const std::string path = directory.path() + "/lock";
  {
    const auto shared = FileLock::acquire(path, FileLock::Mode::shared);
    CHECK(FileLock::try_acquire(path, FileLock::Mode::shared));
    CHECK_FALSE(FileLock::try_acquire(path, FileLock::Mode::exclusive));
  }
  CHECK(test::in_child([&] {
          const auto lock = FileLock::acquire(path, FileLock::Mode::exclusive);
          return std::string(FileLock::try_acquire(path, FileLock::Mode::shared) ? "shared"
                                                                                 : "alone");
        }) == "alone");
  CHECK(FileLock::try_acquire(path, FileLock::Mode::exclusive));
  const auto whole = FileLock::acquire_directory(directory.path(), FileLock::Mode::exclusive);
  CHECK_FALSE(FileLock::try_acquire_directory(directory.path(), FileLock::Mode::exclusive));
  CHECK_THROWS_AS(FileLock::acquire_directory(path + "/none", FileLock::Mode::exclusive), SysError);
}
