// SPDX-License-Identifier: Apache-2.0
// Archives as GNU tar and bsdtar write them, and our own as they read them.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "archive_support.hpp"
#include "coracle/linux/process.hpp"

using namespace coracle;
using namespace coracle::archive;

namespace {

int run(const std::vector<std::string>& argv) {
  linux::SpawnOptions options;
  options.argv = argv;
  return linux::exit_code_of(linux::spawn(options).wait());
}

/// A tree with most of what there is, in `path`.
void make_tree(const std::string& path, bool long_names) {
  linux::ensure_directory(path + "/dir/empty", 0755);
  linux::write_new_file(path + "/dir/file", "content", 0640);
  linux::write_new_file(path + "/dir/setuid", "x", 0755);
  REQUIRE(::chmod((path + "/dir/setuid").c_str(), 04755) == 0);
  REQUIRE(::link((path + "/dir/file").c_str(), (path + "/dir/hard").c_str()) == 0);
  REQUIRE(::symlink("../dir/file", (path + "/dir/link").c_str()) == 0);
  REQUIRE(::mkfifo((path + "/pipe").c_str(), 0600) == 0);
  if (long_names) {
    linux::ensure_directory(path + "/" + std::string(120, 'd'), 0755);
    linux::write_new_file(path + "/" + std::string(120, 'd') + "/" + std::string(200, 'f'), "deep",
                          0644);
    REQUIRE(::symlink(std::string(300, 't').c_str(), (path + "/long").c_str()) == 0);
    linux::write_new_file(path + "/F\xc5\x91tan\xc3\xba", "utf-8", 0644);
  }
}

/// Without times below the second, and the tree's own line, which formats differ in.
std::string comparable(const std::string& path, bool nanoseconds) {
  std::string tree = describe_tree(path);
  tree = tree.substr(tree.find('\n'));
  if (nanoseconds) return tree;
  for (auto dot = tree.find('.'); dot != std::string::npos; dot = tree.find('.', dot + 1)) {
    if (tree.size() > dot + 9 && tree.find_first_not_of("0123456789", dot + 1) == dot + 10)
      tree.erase(dot, 10);
  }
  return tree;
}

}  // namespace

TEST_CASE("layers written by GNU tar and bsdtar", "[archive][tools]") {
  struct Writer {
    const char* program;
    const char* format;
    bool long_names;
    bool nanoseconds;
  };
  for (const auto& [program, format, long_names, nanoseconds] :
       {Writer{"tar", "gnu", true, false}, Writer{"tar", "pax", true, true},
        Writer{"tar", "ustar", false, false}, Writer{"tar", "v7", false, false},
        Writer{"bsdtar", "gnutar", true, false}, Writer{"bsdtar", "pax", true, true},
        Writer{"bsdtar", "ustar", false, false}}) {
    CAPTURE(program, format);
    if (!linux::find_program(program)) {
      WARN("skipped: no " << program);
      continue;
    }
    // The older formats cannot hold a fifo's or a root's owner apart from ours: root packs its own
    // files.
    const Sandbox box;
    const std::string tree = box.make("tree");
    make_tree(tree, long_names);
    if (std::string_view(format) == "v7") REQUIRE(::unlink((tree + "/pipe").c_str()) == 0);
    const std::string archive = box.outside("archive.tar");
    REQUIRE(run({program, "--format", format, "-C", tree, "-cf", archive, "."}) == 0);
    const auto report = box.unpack(read_all_of(archive));
    CHECK(report.diff_id == sha256_of(read_all_of(archive)));
    CHECK(comparable(box.path(), nanoseconds) == comparable(tree, nanoseconds));
  }
}

TEST_CASE("attributes, lists and holes by GNU tar", "[archive][tools]") {
  const Sandbox box;
  const std::string tree = box.make("tree");
  linux::write_new_file(tree + "/f", "x", 0640);
  REQUIRE(::setxattr((tree + "/f").c_str(), "user.key", "value", 5, 0) == 0);
  // user::rw- user:1234:r-- group::r-- mask::r-- other::---
  const std::string acl(
      "\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x04\0\xd2\x04\0\0\x04\0\x04\0\xff\xff\xff\xff"
      "\x10\0\x04\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff",
      44);
  REQUIRE(::setxattr((tree + "/f").c_str(), "system.posix_acl_access", acl.data(), acl.size(), 0) ==
          0);
  const linux::Fd sparse = linux::open_file(tree + "/sparse", O_RDWR | O_CREAT, 0644);
  for (off_t i = 1; i < 100; ++i) REQUIRE(::pwrite(sparse.get(), "data", 4, i << 20) == 4);
  REQUIRE(::ftruncate(sparse.get(), 200 << 20) == 0);
  const std::string archive = box.outside("archive.tar");
  for (const auto& format : {std::vector<std::string>{"--format=gnu"},
                             {"--format=pax", "--sparse-version=0.0"},
                             {"--format=pax", "--sparse-version=0.1"},
                             {"--format=pax", "--sparse-version=1.0"}}) {
    CAPTURE(format);
    const bool pax = format.size() > 1;
    std::vector<std::string> argv = {"tar", "-C", tree, "-S", "-cf", archive};
    argv.insert(argv.begin() + 1, format.begin(), format.end());
    if (pax) argv.insert(argv.begin() + 1, {"--xattrs", "--acls"});
    argv.push_back(".");
    REQUIRE(run(argv) == 0);
    REQUIRE(linux::stat_if_exists(archive)->st_size < 4 << 20);
    const Sandbox other;
    CHECK(other.unpack(read_all_of(archive)).skipped_attributes == 0);
    CHECK(comparable(other.path(), pax).find(pax ? "user.key" : "/f") != std::string::npos);
    if (pax) CHECK(comparable(other.path(), true) == comparable(tree, true));
    CHECK(describe_file(other.path("sparse")).substr(50) ==
          describe_file(tree + "/sparse").substr(50));
    CHECK(linux::stat_if_exists(other.path("sparse"))->st_blocks * 512 < 8 << 20);
  }
}

TEST_CASE("our layers are read by GNU tar and bsdtar", "[archive][tools]") {
  const Sandbox box;
  const std::string tree = box.make("tree");
  make_tree(tree, true);
  const linux::Fd sparse = linux::open_file(tree + "/sparse", O_RDWR | O_CREAT, 0644);
  REQUIRE(::pwrite(sparse.get(), "data", 4, 5 << 20) == 4);
  REQUIRE(::ftruncate(sparse.get(), 20 << 20) == 0);
  const std::string archive = box.outside("archive.tar");
  linux::write_new_file(archive, pack(tree), 0644);
  for (const char* program : {"tar", "bsdtar"}) {
    CAPTURE(program);
    if (!linux::find_program(program)) {
      WARN("skipped: no " << program);
      continue;
    }
    const std::string target = box.make(std::string("by-") + program);
    REQUIRE(run({program, "-C", target, "-xpf", archive}) == 0);
    CHECK(comparable(target, true) == comparable(tree, true));
  }
}
