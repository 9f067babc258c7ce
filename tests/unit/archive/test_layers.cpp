// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "archive_support.hpp"
#include "coracle/archive/layers.hpp"

using namespace coracle;
using namespace coracle::archive;

namespace {

/// Three layers, the topmost first.
struct Stack {
  Sandbox box;
  std::string top = box.make("top");
  std::string middle = box.make("middle");
  std::string bottom = box.make("bottom");
  std::vector<std::string> layers = {top, middle, bottom};

  static void file(const std::string& path, const std::string& content = "x") {
    linux::ensure_directory(path.substr(0, path.rfind('/')), 0755);
    linux::write_new_file(path, content, 0644);
  }
  static void whiteout(const std::string& path) {
    linux::ensure_directory(path.substr(0, path.rfind('/')), 0755);
    REQUIRE(::mknod(path.c_str(), S_IFCHR, 0) == 0);
  }
  static void opaque(const std::string& path) {
    linux::ensure_directory(path, 0755);
    REQUIRE(::setxattr(path.c_str(), "user.overlay.opaque", "y", 1, 0) == 0);
  }
  static void link(const std::string& path, const std::string& target) {
    linux::ensure_directory(path.substr(0, path.rfind('/')), 0755);
    REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
  }

  std::string read(const std::string& path, int flags = O_RDONLY) const {
    const linux::Fd fd = open_in_layers(layers, path, flags);
    return fd ? linux::read_all(fd.get()) : "nothing";
  }
  std::string changes(const std::function<bool(std::string_view)>& excluded = {}) const {
    std::string text;
    for (const auto& change : list_changes(top, {middle, bottom}, excluded)) {
      text += change.kind == ChangeKind::added     ? "A "
              : change.kind == ChangeKind::deleted ? "D "
                                                   : "C ";
      text += change.path + "\n";
    }
    return text;
  }
};

/// As overlayfs leaves a directory that it only copied up.
void copy_up(const std::string& from, const std::string& to) {
  linux::ensure_directory(to, 0755);
  struct stat info {};
  REQUIRE(::stat(from.c_str(), &info) == 0);
  const timespec times[2] = {info.st_mtim, info.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, to.c_str(), times, 0) == 0);
}

}  // namespace

TEST_CASE("the topmost layer is seen", "[archive][layers]") {
  const Stack stack;
  stack.file(stack.top + "/etc/a", "top");
  stack.file(stack.middle + "/etc/a", "middle");
  stack.file(stack.middle + "/etc/b", "middle");
  stack.file(stack.bottom + "/etc/c", "bottom");
  CHECK(stack.read("etc/a") == "top");
  CHECK(stack.read("/etc//./b") == "middle");
  CHECK(stack.read("etc/../../etc/c") == "bottom");
  CHECK(stack.read("etc/d") == "nothing");
  CHECK(stack.read("etc/a/x") == "nothing");
  CHECK(open_in_layers(stack.layers, "etc", O_RDONLY | O_DIRECTORY).valid());
  CHECK(open_in_layers(stack.layers, "", O_PATH).valid());
  CHECK(open_in_layers({"/nonexistent", stack.bottom}, "etc/c", O_RDONLY).valid());
  CHECK_FALSE(open_in_layers({}, "etc", O_RDONLY).valid());
}

TEST_CASE("marks hide what is below them", "[archive][layers]") {
  const Stack stack;
  stack.file(stack.bottom + "/a/file");
  stack.file(stack.bottom + "/b/file");
  stack.file(stack.bottom + "/c/d/file");
  stack.file(stack.bottom + "/e/file");
  stack.whiteout(stack.middle + "/a/file");
  stack.opaque(stack.middle + "/b");
  stack.file(stack.middle + "/b/other");
  stack.whiteout(stack.middle + "/c");
  stack.file(stack.top + "/c/d/new");
  stack.file(stack.middle + "/e", "now a file");
  CHECK(stack.read("a/file") == "nothing");
  CHECK(stack.read("b/file") == "nothing");
  CHECK(stack.read("b/other") == "x");
  CHECK(stack.read("c/d/file") == "nothing");
  CHECK(stack.read("c/d/new") == "x");
  CHECK(stack.read("e") == "now a file");
  CHECK(stack.read("e/file") == "nothing");
}

TEST_CASE("symbolic links lead through all layers and never out", "[archive][layers]") {
  const Stack stack;
  stack.link(stack.bottom + "/etc", "usr/etc");
  stack.file(stack.top + "/usr/etc/passwd", "root");
  stack.link(stack.middle + "/abs", "/usr/etc/passwd");
  stack.link(stack.middle + "/usr/up", "../../../../../usr/etc/passwd");
  stack.link(stack.top + "/out", stack.box.outside("secret"));
  stack.link(stack.top + "/out2", "../outside/secret");
  stack.link(stack.top + "/loop", "loop");
  CHECK(stack.read("etc/passwd") == "root");
  CHECK(stack.read("abs") == "root");
  CHECK(stack.read("usr/up") == "root");
  CHECK(stack.read("out") == "nothing");
  CHECK(stack.read("out2") == "nothing");
  CHECK(stack.read("loop") == "nothing");
  CHECK_FALSE(open_in_layers(stack.layers, "abs", O_RDONLY | O_NOFOLLOW).valid());
  struct stat info {};
  REQUIRE(::fstat(open_in_layers(stack.layers, "abs", O_PATH | O_NOFOLLOW).get(), &info) == 0);
  CHECK(S_ISLNK(info.st_mode));
}

TEST_CASE("fifos and devices are not opened", "[archive][layers]") {
  const Stack stack;
  REQUIRE(::mkfifo((stack.top + "/fifo").c_str(), 0600) == 0);
  CHECK_FALSE(open_in_layers(stack.layers, "fifo", O_RDONLY).valid());
  CHECK(open_in_layers(stack.layers, "fifo", O_PATH).valid());
}

TEST_CASE("changes in podman's sense", "[archive][layers]") {
  const Stack stack;
  stack.file(stack.bottom + "/etc/passwd");
  stack.file(stack.bottom + "/etc/deep/er/file");
  stack.file(stack.middle + "/usr/bin/tool");
  stack.file(stack.bottom + "/usr/bin/old");
  stack.file(stack.bottom + "/var/cache/one");
  stack.file(stack.middle + "/var/cache/two");
  stack.file(stack.bottom + "/opt/thing");

  stack.file(stack.top + "/etc/passwd", "changed in place");
  copy_up(stack.bottom + "/etc", stack.top + "/etc");
  stack.file(stack.top + "/usr/bin/new");
  copy_up(stack.middle + "/usr/bin", stack.top + "/usr/bin");
  copy_up(stack.middle + "/usr", stack.top + "/usr");
  stack.whiteout(stack.top + "/usr/bin/old");
  stack.whiteout(stack.top + "/usr/bin/never-was");
  stack.opaque(stack.top + "/var/cache");
  stack.file(stack.top + "/var/cache/two", "again");
  stack.file(stack.top + "/home/user/file");
  stack.file(stack.top + "/opt", "a file where a directory was");
  CHECK(stack.changes() ==
        "C /etc/passwd\n"
        "A /home\n"
        "A /home/user\n"
        "A /home/user/file\n"
        "C /opt\n"
        "C /usr\n"
        "C /usr/bin\n"
        "A /usr/bin/new\n"
        "D /usr/bin/old\n"
        "C /var\n"
        "C /var/cache\n"
        "D /var/cache/one\n"
        "C /var/cache/two\n");
  CHECK(stack.changes([](std::string_view path) {
    return path == "usr" || path == "var" || path == "opt";
  }) == "C /etc/passwd\nA /home\nA /home/user\nA /home/user/file\n");
}

TEST_CASE("an upper directory without changes", "[archive][layers]") {
  const Stack stack;
  stack.file(stack.bottom + "/a/b");
  CHECK(stack.changes().empty());
  copy_up(stack.bottom + "/a", stack.top + "/a");
  CHECK(stack.changes().empty());
  REQUIRE(::chmod((stack.top + "/a").c_str(), 0700) == 0);
  CHECK(stack.changes() == "C /a\n");
}
