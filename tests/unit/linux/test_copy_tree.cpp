// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/linux/copy_tree.hpp"
#include "coracle/linux/file.hpp"

using namespace coracle::linux;

TEST_CASE("a tree is copied with all that belongs to it") {
  const TempDir directory("/tmp", "coracle-copy-");
  const std::string from = directory.path() + "/from";
  const std::string to = directory.path() + "/to";
  ensure_directory(from + "/sub/deep", 0755);
  ensure_directory(to);
  std::string large(3 << 20, 'x');
  write_new_file(from + "/sub/large", large, 0640);
  REQUIRE(::setxattr((from + "/sub/large").c_str(), "user.note", "v", 1, 0) == 0);
  REQUIRE(::symlink("large", (from + "/sub/link").c_str()) == 0);
  REQUIRE(::symlink("/nonexistent", (from + "/dangling").c_str()) == 0);
  REQUIRE(::mkfifo((from + "/fifo").c_str(), 0600) == 0);
  REQUIRE(::truncate((from + "/sub/deep/hole").c_str(), 0) != 0);
  write_new_file(from + "/sub/deep/empty", "");
  REQUIRE(::chmod((from + "/sub").c_str(), 01777) == 0);
  const timespec times[2] = {{7, 7}, {1000, 5}};
  REQUIRE(::utimensat(AT_FDCWD, (from + "/sub").c_str(), times, 0) == 0);

  const Fd source = open_file(from, O_RDONLY | O_DIRECTORY);
  const Fd target = open_file(to, O_RDONLY | O_DIRECTORY);
  REQUIRE(try_copy_tree(source.get(), target.get()));
  CHECK(read_file(to + "/sub/large") == large);
  CHECK((stat_if_exists(to + "/sub/large")->st_mode & 07777) == 0640);
  CHECK(::getxattr((to + "/sub/large").c_str(), "user.note", nullptr, 0) == 1);
  CHECK(read_link(to + "/sub/link") == "large");
  CHECK(read_link(to + "/dangling") == "/nonexistent");
  CHECK(S_ISFIFO(stat_if_exists(to + "/fifo")->st_mode));
  CHECK((stat_if_exists(to + "/sub")->st_mode & 07777) == 01777);
  CHECK(stat_if_exists(to + "/sub")->st_mtim.tv_sec == 1000);
  CHECK(stat_if_exists(to + "/sub")->st_mtim.tv_nsec == 5);
  // What is there already is not overwritten.
  CHECK_FALSE(try_copy_tree(source.get(), target.get()));
}
