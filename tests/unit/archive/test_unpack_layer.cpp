// SPDX-License-Identifier: Apache-2.0
// What layers become on disk. As root these run as root; test_unpack_rootless.cpp has the rest.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "archive_support.hpp"
#include "coracle/base/error.hpp"

using namespace coracle;
using namespace coracle::archive;
using test::TarBuilder;

namespace {

struct stat stat_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info;
}

bool is_whiteout_at(const std::string& path) {
  const auto info = stat_of(path);
  return S_ISCHR(info.st_mode) && info.st_rdev == 0;
}

bool is_opaque_at(const std::string& path) {
  return get_attribute(path, "user.overlay.opaque") == "y" &&
         get_attribute(path, "user.fuseoverlayfs.opaque") == "y";
}

/// Opens what one directory has, as the store does with those of the layers below.
UnpackOptions on_top_of(const std::string& directory) {
  UnpackOptions options;
  options.open_below = [directory](const std::string& path) {
    return open_in_layers({directory}, path, O_PATH | O_NOFOLLOW);
  };
  return options;
}

}  // namespace

TEST_CASE("a layer of each kind of entry", "[archive][unpack]") {
  const Sandbox box;
  const std::string tar = TarBuilder()
                              .directory("./", 0755)
                              .directory("./bin/", 0750)
                              .file("./bin/tool", "#!/bin/sh\n", 04755)
                              .file("./bin/group", "", 02711)
                              .symlink("./bin/link", "/etc/../bin/tool")
                              .hard_link("./bin/same", "./bin/tool")
                              .directory("tmp", 01777)
                              .add({.name = "pipe", .type = '6', .mode = 0640})
                              .file("no/parents/named", "x")
                              .finish();
  const auto report = box.unpack(tar);
  CHECK(report.diff_id == sha256_of(tar));
  CHECK(report.size == tar.size());
  CHECK(report.files == 9);
  CHECK(report.squashed_owners == 0);

  CHECK(read_all_of(box.path("bin/tool")) == "#!/bin/sh\n");
  CHECK(stat_of(box.path("bin/tool")).st_mode == (S_IFREG | 04755));
  CHECK(stat_of(box.path("bin/tool")).st_mtim.tv_sec == 1'000'000'000);
  CHECK(stat_of(box.path("bin/tool")).st_ino == stat_of(box.path("bin/same")).st_ino);
  CHECK(stat_of(box.path("bin/group")).st_mode == (S_IFREG | 02711));
  CHECK(linux::read_link(box.path("bin/link")) == "/etc/../bin/tool");
  CHECK(stat_of(box.path("bin/link")).st_mtim.tv_sec == 1'000'000'000);
  CHECK(stat_of(box.path("bin")).st_mode == (S_IFDIR | 0750));
  CHECK(stat_of(box.path("bin")).st_mtim.tv_sec == 1'000'000'000);
  CHECK(stat_of(box.path()).st_mtim.tv_sec == 1'000'000'000);
  CHECK(stat_of(box.path("tmp")).st_mode == (S_IFDIR | 01777));
  CHECK(stat_of(box.path("pipe")).st_mode == (S_IFIFO | 0640));
  CHECK(stat_of(box.path("no/parents")).st_mode == (S_IFDIR | 0755));
}

TEST_CASE("a known layer has its known diff id", "[archive][unpack]") {
  // printf 'a' in a file "a", packed by GNU tar, all fields fixed.
  const Sandbox box;
  const std::string tar = TarBuilder().file("a", "a").finish();
  CHECK(box.unpack(tar).diff_id == sha256_of(tar));
  for (const auto kind : {oci::Compression::gzip, oci::Compression::zstd}) {
    const Sandbox other;
    const auto report = other.unpack(compressed(kind, tar));
    CHECK(report.diff_id == sha256_of(tar));
    CHECK(report.size == tar.size());
  }
  // What follows the end marks is part of the layer as far as its digest is concerned.
  const Sandbox trailing;
  const std::string padded = tar + std::string(8192, '\0');
  CHECK(trailing.unpack(padded).diff_id == sha256_of(padded));
}

TEST_CASE("an empty layer", "[archive][unpack]") {
  const Sandbox box;
  CHECK(box.unpack(std::string(1024, '\0')).files == 0);
  CHECK(box.unpack("").size == 0);
  CHECK(linux::list_directory(box.path()).empty());
}

TEST_CASE("whiteouts and opaque directories", "[archive][unpack]") {
  const Sandbox box;
  box.unpack(TarBuilder()
                 .file(".wh.gone")
                 .file("etc/.wh.passwd")
                 .directory("var")
                 .file("var/.wh..wh..opq")
                 .file("var/new", "x")
                 .file("opt/.wh..wh..opq")
                 .file(".wh..wh.plnk/123", "aufs")
                 .file(".wh..wh.aufs")
                 .finish());
  CHECK(is_whiteout_at(box.path("gone")));
  CHECK(is_whiteout_at(box.path("etc/passwd")));
  CHECK(is_opaque_at(box.path("var")));
  CHECK(is_opaque_at(box.path("opt")));
  CHECK(read_all_of(box.path("var/new")) == "x");
  CHECK(linux::list_directory(box.path()).size() == 4);
  if (test::is_root()) CHECK(get_attribute(box.path("var"), "trusted.overlay.opaque") == "y");
}

TEST_CASE("a whiteout is about the layers below only", "[archive][unpack]") {
  const Sandbox box;
  box.unpack(TarBuilder()
                 .file("a/.wh.dir")
                 .directory("a/dir")
                 .file("a/dir/new", "1")
                 .directory("b/dir")
                 .file("b/dir/new", "2")
                 .file("b/.wh.dir")
                 .file("c/.wh.dir")
                 .file("c/dir/new", "3")
                 .file("d/.wh.file")
                 .file("d/file", "4")
                 .file("e/file", "5")
                 .file("e/.wh.file")
                 .finish());
  for (const char* directory : {"a/dir", "b/dir", "c/dir"}) {
    CAPTURE(directory);
    CHECK(is_opaque_at(box.path(directory)));
    CHECK(linux::exists(box.path(directory) + "/new"));
  }
  CHECK(read_all_of(box.path("d/file")) == "4");
  CHECK(read_all_of(box.path("e/file")) == "5");
}

TEST_CASE("of two entries with one name the later wins", "[archive][unpack]") {
  const Sandbox box;
  box.unpack(TarBuilder()
                 .file("same", "first")
                 .file("same", "second", 0600)
                 .directory("d")
                 .file("d/inside", "x")
                 .file("d", "now a file")
                 .file("f", "x")
                 .directory("f")
                 .file("f/inside", "now a directory")
                 .symlink("l", "f")
                 .file("l", "now a file")
                 .file("x", "x")
                 .symlink("x", "f")
                 .directory("keep", 0700)
                 .file("keep/me", "x")
                 .directory("keep", 0711)
                 .file("one", "1")
                 .hard_link("two", "one")
                 .file("one", "changed")
                 .file("h", "h")
                 .hard_link("h", "h")
                 .finish());
  CHECK(read_all_of(box.path("same")) == "second");
  CHECK(stat_of(box.path("same")).st_mode == (S_IFREG | 0600));
  CHECK(read_all_of(box.path("d")) == "now a file");
  CHECK(read_all_of(box.path("f/inside")) == "now a directory");
  CHECK(read_all_of(box.path("l")) == "now a file");
  CHECK(linux::read_link(box.path("x")) == "f");
  CHECK(stat_of(box.path("keep")).st_mode == (S_IFDIR | 0711));
  CHECK(linux::exists(box.path("keep/me")));
  CHECK(read_all_of(box.path("two")) == "1");
  CHECK(read_all_of(box.path("one")) == "changed");
  CHECK(read_all_of(box.path("h")) == "h");
}

TEST_CASE("symbolic links on the way are those of the container", "[archive][unpack]") {
  const Sandbox box;
  box.unpack(TarBuilder()
                 .directory("usr/lib")
                 .symlink("lib", "usr/lib")
                 .file("lib/a", "a")
                 .symlink("abs", "/usr/lib")
                 .file("abs/b", "b")
                 .symlink("far", "../../../../usr/lib")
                 .file("far/c", "c")
                 .symlink("var/run", "/run")
                 .file("var/run/pid", "d")
                 .symlink("deep", "there/yet")
                 .file("deep/e", "e")
                 .hard_link("lib/hard", "abs/a")
                 .finish());
  CHECK(read_all_of(box.path("usr/lib/a")) == "a");
  CHECK(read_all_of(box.path("usr/lib/b")) == "b");
  CHECK(read_all_of(box.path("usr/lib/c")) == "c");
  CHECK(read_all_of(box.path("run/pid")) == "d");
  CHECK(read_all_of(box.path("there/yet/e")) == "e");
  CHECK(stat_of(box.path("usr/lib/hard")).st_nlink == 2);
  CHECK(S_ISLNK(stat_of(box.path("lib")).st_mode));
  CHECK(box.outside_is_untouched());
}

TEST_CASE("times are kept to the nanosecond, of directories too", "[archive][unpack]") {
  const Sandbox box;
  const auto timed = [](const std::string& name, char type, const std::string& time) {
    return test::TarItem{.name = name, .type = type, .mode = 0755, .pax = {{"mtime", time}}};
  };
  box.unpack(TarBuilder()
                 .add(timed("d", '5', "1500000000.123456789"))
                 .add(timed("d/f", '0', "1400000000.000000001"))
                 .add(timed("e", '5', "1300000000.5"))
                 .add(timed("old", '0', "-1.25"))
                 .file("e/late", "x")
                 .file("d/late", "x")
                 .finish());
  const auto check = [&](const std::string& name, time_t seconds, long nanoseconds) {
    CAPTURE(name);
    CHECK(stat_of(box.path(name)).st_mtim.tv_sec == seconds);
    CHECK(stat_of(box.path(name)).st_mtim.tv_nsec == nanoseconds);
  };
  check("d", 1'500'000'000, 123'456'789);
  check("d/f", 1'400'000'000, 1);
  check("e", 1'300'000'000, 500'000'000);
}

TEST_CASE("long names", "[archive][unpack]") {
  // Four kilobytes in sixteen parts, by each way to say it.
  std::string path;
  while (path.size() < 4000) path += (path.empty() ? "" : "/") + std::string(250, 'n');
  path += "/" + std::string(4095 - path.size() - 1, 'm');
  REQUIRE(path.size() == 4095);
  const auto unpacked = [&](const std::string& tar) {
    const Sandbox box;
    box.unpack(tar);
    const linux::Fd found = open_in_layers({box.path()}, path, O_RDONLY);
    return found ? linux::read_all(found.get()) : "not there";
  };
  CHECK(unpacked(
            TarBuilder().add({.name = "x", .content = "pax", .pax = {{"path", path}}}).finish()) ==
        "pax");
  CHECK(unpacked(TarBuilder().add_extension('L', path + '\0').file("x", "gnu").finish()) == "gnu");

  const Sandbox box;
  CHECK(box.unpack_error(TarBuilder().add({.name = "x", .pax = {{"path", path + "m"}}}).finish())
            .find("the path is too long") != std::string::npos);
  CHECK(box.unpack_error(
               TarBuilder().add({.name = "x", .pax = {{"path", std::string(256, 'n')}}}).finish())
            .find("a name is too long") != std::string::npos);
}

TEST_CASE("names are bytes", "[archive][unpack]") {
  const Sandbox box;
  box.unpack(TarBuilder()
                 .file("latin-\xe9", "1")
                 .add({.name = "x", .content = "2", .pax = {{"path", "F\xc5\x91tan\xc3\xba"}}})
                 .add({.name = "x", .content = "3", .pax = {{"path", "latin-pax-\xe9"}}})
                 .add({.name = "l", .type = '2', .pax = {{"linkpath", "\xc3\xa9-\xe9"}}})
                 .file("a\nb", "4")
                 .finish());
  CHECK(read_all_of(box.path("latin-\xe9")) == "1");
  CHECK(read_all_of(box.path("F\xc5\x91tan\xc3\xba")) == "2");
  CHECK(read_all_of(box.path("latin-pax-\xe9")) == "3");
  CHECK(linux::read_link(box.path("l")) == "\xc3\xa9-\xe9");
  CHECK(read_all_of(box.path("a\nb")) == "4");
}

TEST_CASE("files full of zeros become holes", "[archive][unpack]") {
  const Sandbox box;
  std::string content(20 << 20, '\0');
  content[5'000'000] = 'x';
  content.back() = 'y';
  box.unpack(TarBuilder()
                 .file("a", "pad")
                 .file("mostly", content)
                 .file("all", std::string(9 << 20, '\0'))
                 .finish());
  CHECK(read_all_of(box.path("mostly")) == content);
  CHECK(stat_of(box.path("mostly")).st_blocks * 512 < 4 << 20);
  CHECK(read_all_of(box.path("all")) == std::string(9 << 20, '\0'));
  CHECK(stat_of(box.path("all")).st_blocks * 512 < 2 << 20);
}

TEST_CASE("extended attributes", "[archive][unpack]") {
  const Sandbox box;
  const auto report = box.unpack(
      TarBuilder()
          .add({.name = "f",
                .content = "x",
                .pax = {{"SCHILY.xattr.user.mine", std::string("a\0b", 3)},
                        {"SCHILY.xattr.user.overlay.redirect", "/etc"},
                        {"SCHILY.xattr.trusted.overlay.metacopy", ""},
                        {"SCHILY.xattr.user.coracle.owner", "1:1"},
                        {"SCHILY.xattr.security.selinux", "label"}}})
          .add({.name = "d", .type = '5', .mode = 0500, .pax = {{"SCHILY.xattr.user.mine", "dir"}}})
          .add({.name = "no", .pax = {{"SCHILY.xattr.nonsense.name", "x"}}})
          .finish());
  CHECK(get_attribute(box.path("f"), "user.mine") == std::string("a\0b", 3));
  CHECK(get_attribute(box.path("d"), "user.mine") == "dir");
  CHECK(get_attribute(box.path("f"), "user.overlay.redirect").empty());
  CHECK(get_attribute(box.path("f"), "user.coracle.owner").empty());
  CHECK(report.skipped_attributes == 1);
}

TEST_CASE("POSIX ACLs", "[archive][unpack]") {
  const Sandbox box;
  const auto report =
      box.unpack(TarBuilder()
                     .add({.name = "g",
                           .mode = 0670,
                           .pax = {{"SCHILY.acl.access",
                                    "user::rw-,user:bob:r-x:0,group::r--,mask::rwx,other::---"}}})
                     .add({.name = "d",
                           .type = '5',
                           .mode = 0755,
                           .pax = {{"SCHILY.acl.default", "user::rwx,group::r-x,other::---"}}})
                     .finish());
  const std::string acl = get_attribute(box.path("g"), "system.posix_acl_access");
  CHECK(acl.size() == 4 + 5 * 8);
  CHECK(get_attribute(box.path("d"), "system.posix_acl_default").size() == 4 + 3 * 8);
  CHECK((stat_of(box.path("g")).st_mode & 0777) == 0670);
  CHECK(report.skipped_attributes == 0);
}

TEST_CASE("a layer links to files of the layers below", "[archive][unpack]") {
  const Sandbox box;
  const std::string below = box.make("below");
  linux::ensure_directory(below + "/usr/bin", 0755);
  linux::write_new_file(below + "/usr/bin/perl", "perl", 0755);
  REQUIRE(::symlink("perl", (below + "/usr/bin/link").c_str()) == 0);
  REQUIRE(::mkfifo((below + "/usr/bin/fifo").c_str(), 0600) == 0);
  REQUIRE(::chmod((below + "/usr/bin").c_str(), 0711) == 0);

  box.unpack(TarBuilder()
                 .hard_link("usr/bin/perl5", "usr/bin/perl")
                 .hard_link("copy", "usr/bin/perl")
                 .hard_link("usr/link2", "usr/bin/link")
                 .finish(),
             on_top_of(below));
  CHECK(read_all_of(box.path("usr/bin/perl5")) == "perl");
  CHECK(stat_of(box.path("usr/bin/perl5")).st_nlink == 3);
  CHECK(stat_of(box.path("usr/bin/perl")).st_mode == stat_of(below + "/usr/bin/perl").st_mode);
  CHECK(stat_of(box.path("usr/bin/perl")).st_mtim.tv_nsec ==
        stat_of(below + "/usr/bin/perl").st_mtim.tv_nsec);
  CHECK(linux::read_link(box.path("usr/link2")) == "perl");
  CHECK((stat_of(box.path("usr/bin")).st_mode & 07777) == 0711);

  const Sandbox other;
  CHECK(
      other.unpack_error(TarBuilder().hard_link("x", "usr/bin/nothing").finish(), on_top_of(below))
          .find("hard link to 'usr/bin/nothing', which is not there") != std::string::npos);
  CHECK(other.unpack_error(TarBuilder().hard_link("x", "usr/bin/fifo").finish(), on_top_of(below))
            .find("which is not there") != std::string::npos);
  CHECK(other.unpack_error(TarBuilder().hard_link("x", "usr/bin/perl").finish())
            .find("which is not there") != std::string::npos);
}

TEST_CASE("directories that a layer only passes through keep what they have below",
          "[archive][unpack]") {
  const Sandbox box;
  const std::string below = box.make("below");
  linux::ensure_directory(below + "/tmp/deep", 0755);
  ::chmod((below + "/tmp").c_str(), 01777);
  ::chmod((below + "/tmp/deep").c_str(), 0700);
  ::chmod(below.c_str(), 0555);
  box.unpack(TarBuilder().file("tmp/deep/file", "x").file("tmp/other/file", "x").finish(),
             on_top_of(below));
  CHECK(describe_file(box.path("tmp")) == describe_file(below + "/tmp"));
  CHECK(describe_file(box.path("tmp/deep")) == describe_file(below + "/tmp/deep"));
  CHECK((stat_of(box.path("tmp/other")).st_mode & 07777) == 0755);
  CHECK(describe_file(box.path()) == describe_file(below));
}

TEST_CASE("owners and devices as root", "[archive][unpack][root]") {
  if (!test::is_root()) {
    WARN("skipped: needs root");
    return;
  }
  const Sandbox box;
  const auto report =
      box.unpack(TarBuilder()
                     .add({.name = "f", .content = "x", .mode = 06755, .uid = 1234, .gid = 5678})
                     .add({.name = "d", .type = '5', .mode = 02755, .uid = 3'000'000'000, .gid = 7})
                     .add({.name = "l", .type = '2', .link = "f", .uid = 12, .gid = 13})
                     .add({.name = "zero",
                           .type = '3',
                           .mode = 0666,
                           .uid = 5,
                           .device_major = 1,
                           .device_minor = 5})
                     .add({.name = "disk",
                           .type = '4',
                           .mode = 0660,
                           .gid = 6,
                           .device_major = 8,
                           .device_minor = 1})
                     .add({.name = "huge", .uid = 5'000'000'000, .gid = 1})
                     .finish());
  CHECK(describe_file(box.path("f")).starts_with("106755 1234:5678 "));
  CHECK(describe_file(box.path("d")).starts_with("042755 3000000000:7 "));
  CHECK(describe_file(box.path("l")).starts_with("120777 12:13 "));
  CHECK(describe_file(box.path("zero")) == "020666 5:0 1000000000.000000000 1,5");
  CHECK(describe_file(box.path("disk")) == "060660 0:6 1000000000.000000000 8,1");
  CHECK(report.skipped_devices == 0);
  // No system has such an owner.
  CHECK(report.squashed_owners == 1);
  CHECK(get_attribute(box.path("huge"), "user.coracle.owner") == "5000000000:1");
  CHECK(describe_file(box.path("huge")).starts_with("100644 0:1 "));
}
