// SPDX-License-Identifier: Apache-2.0
// Layers in a user namespace, as an ordinary user's engine unpacks them.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "archive_support.hpp"
#include "coracle/linux/process.hpp"

using namespace coracle;
using namespace coracle::archive;
using test::TarBuilder;

namespace {

/// VFS_CAP_REVISION_2 with cap_net_bind_service, effective.
const std::string k_capability_v2("\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
/// VFS_CAP_REVISION_3: the same for the user namespace whose root is 4242.
const std::string k_capability_v3("\x01\0\0\x03\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x92\x10\0\0", 24);

std::string summary_of(const UnpackReport& report) {
  return fmt::format("squashed {} devices {} attributes {}\n", report.squashed_owners,
                     report.skipped_devices, report.skipped_attributes);
}

std::string owned_layer() {
  return TarBuilder()
      .directory("./")
      .add({.name = "root", .content = "x", .mode = 04755})
      .add({.name = "user", .content = "x", .mode = 02755, .uid = 1000, .gid = 1000})
      .add({.name = "ldap", .content = "x", .uid = 1'234'567, .gid = 7'654'321})
      .add({.name = "half", .type = '5', .mode = 0750, .uid = 5, .gid = 200'000})
      .add({.name = "link", .type = '2', .link = "ldap", .uid = 1'234'567, .gid = 5})
      .add({.name = "null", .type = '3', .mode = 0666, .device_major = 1, .device_minor = 3})
      .add({.name = "disk", .type = '4', .mode = 0660, .device_major = 8, .device_minor = 0})
      .add({.name = "pipe", .type = '6', .mode = 0600, .uid = 7})
      .finish();
}

bool can_make_namespaces() {
  const std::string answer =
      test::in_user_namespace(test::engine_mappings(), [] { return std::string("yes"); });
  if (answer != "yes") WARN("skipped: no user namespace: " << answer);
  return answer == "yes";
}

}  // namespace

TEST_CASE("owners that are not mapped never fail a layer", "[archive][rootless]") {
  if (!can_make_namespaces()) return;
  const Sandbox box;
  const auto mappings = test::engine_mappings();
  box.give_to(mappings);
  const std::string findings = test::in_user_namespace(mappings, [&] {
    std::string text = summary_of(box.unpack(owned_layer()));
    for (const char* name : {"root", "user", "ldap", "half", "link", "pipe"}) {
      text += fmt::format("{} {}\n", name, describe_file(box.path(name)).substr(0, 16));
    }
    return text + get_attribute(box.path("ldap"), "user.coracle.owner") + " " +
           get_attribute(box.path("half"), "user.coracle.owner") + " " +
           (linux::exists(box.path("null")) || linux::exists(box.path("disk")) ? "devices"
                                                                               : "no devices");
  });
  CHECK(findings ==
        "squashed 3 devices 2 attributes 0\n"
        "root 104755 0:0 10000\n"
        "user 102755 1000:1000\n"
        "ldap 100644 0:0 10000\n"
        "half 040750 5:0 10000\n"
        "link 120777 0:5 10000\n"
        "pipe 010600 7:0 10000\n"
        "1234567:7654321 5:200000 no devices");
}

TEST_CASE("one mapped id is enough", "[archive][rootless]") {
  if (!can_make_namespaces()) return;
  const Sandbox box;
  auto mappings = test::engine_mappings();
  mappings.uids.resize(1);
  mappings.gids.resize(1);
  mappings.uids[0].size = mappings.gids[0].size = 1;
  box.give_to(mappings);
  const std::string findings = test::in_user_namespace(mappings, [&] {
    const std::string summary = summary_of(box.unpack(owned_layer()));
    return summary + get_attribute(box.path("user"), "user.coracle.owner");
  });
  CHECK(findings == "squashed 5 devices 2 attributes 0\n1000:1000");
}

TEST_CASE("recorded owners come back when a layer is packed", "[archive][rootless]") {
  if (!can_make_namespaces()) return;
  const Sandbox box;
  const auto mappings = test::engine_mappings();
  box.give_to(mappings);
  const std::string findings = test::in_user_namespace(mappings, [&] {
    box.unpack(owned_layer());
    // A new owner counts more than the record of the old one.
    if (::chown(box.path("half").c_str(), 8, 9) != 0) return std::string("chown failed");
    return pack(box.path());
  });
  REQUIRE(findings.size() > 1024);
  CHECK(findings.find("uid=1234567\n") == std::string::npos);  // It fits into the header:
  CHECK(findings.find("4553207") != std::string::npos);        // 1234567
  CHECK(findings.find("35145661") == std::string::npos);
  CHECK(findings.find("gid=7654321\n") != std::string::npos);
  CHECK(findings.find("coracle") == std::string::npos);
  if (test::is_root()) {
    const Sandbox other;
    other.unpack(findings);
    CHECK(describe_file(other.path("ldap")).starts_with("100644 1234567:7654321 "));
    CHECK(describe_file(other.path("half")).starts_with("040750 8:9 "));
    CHECK(describe_file(other.path("user")).starts_with("102755 1000:1000 "));
  }
}

TEST_CASE("file capabilities", "[archive][rootless]") {
  if (!can_make_namespaces()) return;
  const std::string layer =
      TarBuilder()
          .add({.name = "two",
                .content = "x",
                .mode = 0755,
                .pax = {{"SCHILY.xattr.security.capability", k_capability_v2}}})
          .add({.name = "three",
                .content = "x",
                .mode = 0755,
                .uid = 5,
                .pax = {{"SCHILY.xattr.security.capability", k_capability_v3}}})
          .finish();
  const Sandbox box;
  const auto mappings = test::engine_mappings();
  box.give_to(mappings);
  const std::string findings = test::in_user_namespace(mappings, [&] {
    const auto report = box.unpack(layer);
    if (report.skipped_attributes != 0) return std::string("skipped");
    const bool both = get_attribute(box.path("two"), "security.capability") == k_capability_v2 &&
                      get_attribute(box.path("three"), "security.capability") == k_capability_v2;
    return both ? pack(box.path()) : std::string("different");
  });
  REQUIRE(findings.size() > 1024);
  if (!test::is_root()) return;
  const Sandbox other;
  CHECK(other.unpack(findings).skipped_attributes == 0);
  CHECK(get_attribute(other.path("two"), "security.capability") == k_capability_v2);
  CHECK(get_attribute(other.path("three"), "security.capability") == k_capability_v2);
}

TEST_CASE("attributes that are not permitted are recorded for later layers",
          "[archive][rootless]") {
  if (!can_make_namespaces()) return;
  const std::string layer = TarBuilder()
                                .add({.name = "f",
                                      .pax = {{"SCHILY.xattr.security.ima", "signature"},
                                              {"SCHILY.xattr.trusted.mine", "x"}}})
                                .finish();
  const Sandbox box;
  const auto mappings = test::engine_mappings();
  box.give_to(mappings);
  const std::string findings = test::in_user_namespace(mappings, [&] {
    const auto report = box.unpack(layer);
    return fmt::format(
        "{} {} {}", report.skipped_attributes,
        get_attribute(box.path("f"), "user.coracle.saved.security.ima"),
        pack(box.path()).find("SCHILY.xattr.security.ima=signature") != std::string::npos);
  });
  CHECK(findings == "2 signature true");
}

TEST_CASE("both overlay file systems read the marks", "[archive][rootless][mount]") {
  if (!can_make_namespaces()) return;
  const Sandbox box;
  const std::string below = box.make("below");
  const std::string merged = box.make("merged");
  linux::ensure_directory(below + "/gone", 0755);
  linux::ensure_directory(below + "/new", 0755);
  linux::ensure_directory(below + "/both", 0755);
  for (const char* name : {"/file", "/gone/x", "/new/old", "/both/kept"}) {
    linux::write_new_file(below + name, "below", 0644);
  }
  const std::string layer = TarBuilder()
                                .file(".wh.file")
                                .file(".wh.gone")
                                .directory("new")
                                .file("new/.wh..wh..opq")
                                .file("new/fresh")
                                .file("both/added")
                                .finish();
  const std::string expected = "/both /both/added /both/kept /new /new/fresh";
  const auto list = [&] {
    std::string text;
    const std::string tree = describe_tree(merged);
    for (std::size_t start = tree.find('\n') + 1; start < tree.size();
         start = tree.find('\n', start) + 1) {
      text += (text.empty() ? "" : " ") + tree.substr(start, tree.find(' ', start) - start);
    }
    return text;
  };
  const auto mount_and_list = [&](const std::string& options) -> std::string {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return "no mount namespace";
    }
    const std::string layers = "lowerdir=" + box.path() + ":" + below;
    if (::mount("overlay", merged.c_str(), "overlay", MS_RDONLY, (layers + options).c_str()) != 0) {
      return fmt::format("no overlay: {}", ::strerror(errno));
    }
    return list();
  };

  SECTION("the kernel's, as root") {
    if (!test::is_root()) return;
    CHECK(test::in_child([&] {
            box.unpack(layer);
            return mount_and_list("");
          }) == expected);
  }
  SECTION("the kernel's, in a user namespace") {
    const auto mappings = test::engine_mappings();
    box.give_to(mappings);
    CHECK(test::in_user_namespace(mappings, [&] {
            box.unpack(layer);
            return mount_and_list(",userxattr");
          }) == expected);
  }
  SECTION("fuse-overlayfs in a user namespace") {
    if (!linux::find_program("fuse-overlayfs") || ::access("/dev/fuse", R_OK | W_OK) != 0) {
      WARN("skipped: no fuse-overlayfs");
      return;
    }
    const auto mappings = test::engine_mappings();
    box.give_to(mappings);
    const std::string findings = test::in_user_namespace(mappings, [&]() -> std::string {
      box.unpack(layer);
      if (::unshare(CLONE_NEWNS) != 0) return "no mount namespace";
      linux::SpawnOptions options;
      options.argv = {"fuse-overlayfs", "-o", "lowerdir=" + box.path() + ":" + below, merged};
      if (linux::exit_code_of(linux::spawn(options).wait()) != 0) return "no fuse";
      const std::string seen = list();
      ::umount2(merged.c_str(), MNT_DETACH);
      return seen;
    });
    if (findings == "no fuse") {
      WARN("skipped: fuse-overlayfs cannot mount here");
    } else {
      CHECK(findings == expected);
    }
  }
}
