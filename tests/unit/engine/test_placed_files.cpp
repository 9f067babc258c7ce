// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/linux/file.hpp"
#include "engine/container/chroot/placed_files.hpp"

using namespace coracle;
using namespace coracle::engine;

namespace {

class Rootfs {
 public:
  Rootfs() {
    linux::make_directory(root());
    linux::write_new_file(place_.path() + "/source", "ours");
    linux::write_new_file(place_.path() + "/outside", "outside");
  }
  std::string root() const { return place_.path() + "/root"; }
  std::string at(const std::string& path) const { return root() + path; }
  std::string aside() const { return place_.path() + "/aside"; }
  std::string outside() const { return linux::read_file(place_.path() + "/outside"); }
  void place(const std::vector<std::string>& destinations) const {
    std::vector<PlacedFile> files;
    for (const auto& path : destinations) files.push_back({place_.path() + "/source", path});
    place_files(root(), aside(), files);
  }
  void take_back() const { take_back_files(root(), aside()); }

 private:
  linux::TempDir place_{"/tmp", "placed-"};
};

timespec changed_at(const std::string& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info.st_mtim;
}

void make_old(const std::string& path) {
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

}  // namespace

TEST_CASE("files are placed, and what was there comes back", "[placed]") {
  const Rootfs rootfs;
  linux::make_directory(rootfs.at("/etc"), 0755);
  linux::write_new_file(rootfs.at("/etc/hosts"), "the image's");
  make_old(rootfs.at("/etc"));
  make_old(rootfs.root());
  rootfs.place({"/etc/hosts", "/run/deep/file"});
  CHECK(linux::read_file(rootfs.at("/etc/hosts")) == "ours");
  CHECK(linux::read_file(rootfs.at("/run/deep/file")) == "ours");
  CHECK(linux::exists(rootfs.at("/dev/shm")));
  linux::write_new_file(rootfs.at("/dev/left"), "by a program");
  rootfs.take_back();
  CHECK(linux::read_file(rootfs.at("/etc/hosts")) == "the image's");
  CHECK(linux::list_directory(rootfs.root()) == std::vector<std::string>{"etc"});
  CHECK(changed_at(rootfs.at("/etc")).tv_sec == 1000);
  CHECK(changed_at(rootfs.root()).tv_sec == 1000);
  CHECK_FALSE(linux::exists(rootfs.aside()));
  rootfs.take_back();
}

TEST_CASE("directories that programs have put something into stay", "[placed]") {
  const Rootfs rootfs;
  rootfs.place({"/run/deep/file"});
  linux::write_new_file(rootfs.at("/run/mine"), "x");
  rootfs.take_back();
  CHECK(linux::list_directory(rootfs.at("/run")) == std::vector<std::string>{"mine"});
}

TEST_CASE("links of an image lead nowhere else", "[placed]") {
  const Rootfs rootfs;
  linux::make_directory(rootfs.at("/tmp"), 0755);
  REQUIRE(::symlink("../../..", rootfs.at("/etc").c_str()) == 0);
  REQUIRE(::symlink("../outside", rootfs.at("/outside").c_str()) == 0);
  REQUIRE(::symlink("/tmp", rootfs.at("/dev").c_str()) == 0);
  rootfs.place({"/etc/outside"});
  CHECK(linux::read_file(rootfs.at("/outside")) == "ours");
  CHECK(rootfs.outside() == "outside");
  rootfs.take_back();
  CHECK(rootfs.outside() == "outside");
  CHECK(linux::read_link(rootfs.at("/outside")) == "../outside");
  CHECK(linux::read_link(rootfs.at("/dev")) == "/tmp");
  CHECK(linux::list_directory(rootfs.at("/tmp")).empty());
}

TEST_CASE("what was cut off is put right", "[placed]") {
  const Rootfs rootfs;
  linux::make_directory(rootfs.at("/etc"), 0755);
  linux::write_new_file(rootfs.at("/etc/hosts"), "the image's");
  // The second file cannot be placed: its source is not there.
  CHECK_THROWS(place_files(rootfs.root(), rootfs.aside(),
                           {{rootfs.root() + "/../source", "/etc/hosts"},
                            {rootfs.root() + "/../nothing", "/etc/motd"}}));
  rootfs.take_back();
  CHECK(linux::read_file(rootfs.at("/etc/hosts")) == "the image's");
  CHECK(linux::list_directory(rootfs.at("/etc")) == std::vector<std::string>{"hosts"});
  // Nothing had been written down yet.
  linux::make_directory(rootfs.aside());
  rootfs.take_back();
  CHECK(linux::read_file(rootfs.at("/etc/hosts")) == "the image's");
}
