// SPDX-License-Identifier: Apache-2.0
// Groups of resctrl, in a directory that looks like one: few machines have a real one.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/runtime/resctrl.hpp"

using namespace coracle;
using namespace coracle::runtime;
using Catch::Matchers::Contains;

namespace {

/// The kernel fills directories with files; here they have to be there before.
class FakeResctrl {
 public:
  void has(const std::string& group) {
    linux::ensure_directory(at(group) + "/mon_groups", 0755);
    for (const char* name : {"/tasks", "/schemata"}) linux::write_new_file(at(group) + name, "");
  }
  std::string at(const std::string& path) const { return directory_.path() + "/" + path; }
  std::string read(const std::string& path) const { return linux::read_file(at(path)); }
  const std::string& root() const { return directory_.path(); }

 private:
  linux::TempDir directory_{"/tmp", "coracle-resctrl-"};
};

std::string error_of(const FakeResctrl& resctrl, const oci::IntelRdt& wanted) {
  try {
    ResctrlGroup(resctrl.root(), wanted, "abc");
  } catch (const Error& error) {
    return error.describe();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a resctrl group that is there gets its schemata and processes", "[resctrl]") {
  FakeResctrl resctrl;
  resctrl.has("shared");
  oci::IntelRdt wanted;
  wanted.clos_id = "shared";
  wanted.l3_cache_schema = "L3:0=f\nMB:0=10";
  wanted.mem_bw_schema = "MB:0=50";
  wanted.schemata = {"L2:0=1"};
  {
    ResctrlGroup group(resctrl.root(), wanted, "abc");
    group.add(17);
  }
  CHECK(resctrl.read("shared/schemata") == "L3:0=f\nMB:0=50\nL2:0=1\n");
  CHECK(resctrl.read("shared/tasks") == "17");
  remove_resctrl_group(resctrl.root(), wanted, "abc");
  CHECK(linux::exists(resctrl.at("shared")));
}

TEST_CASE("a container without a name for its group has one of its own", "[resctrl]") {
  FakeResctrl resctrl;
  const oci::IntelRdt wanted;
  {
    const ResctrlGroup group(resctrl.root(), wanted, "abc");
    CHECK(linux::exists(resctrl.at("abc")));
  }
  CHECK_FALSE(linux::exists(resctrl.at("abc")));
  {
    ResctrlGroup group(resctrl.root(), wanted, "abc");
    group.keep();
  }
  CHECK(linux::exists(resctrl.at("abc")));
  remove_resctrl_group(resctrl.root(), wanted, "abc");
  CHECK_FALSE(linux::exists(resctrl.at("abc")));
  remove_resctrl_group(resctrl.root(), wanted, "abc");
}

TEST_CASE("a container may be watched on its own", "[resctrl]") {
  FakeResctrl resctrl;
  resctrl.has("shared");
  oci::IntelRdt wanted;
  wanted.clos_id = "shared";
  wanted.enable_monitoring = true;
  {
    ResctrlGroup group(resctrl.root(), wanted, "abc");
    group.keep();
  }
  CHECK(linux::exists(resctrl.at("shared/mon_groups/abc")));
  remove_resctrl_group(resctrl.root(), wanted, "abc");
  CHECK_FALSE(linux::exists(resctrl.at("shared/mon_groups/abc")));
  CHECK(linux::exists(resctrl.at("shared")));
}

TEST_CASE("the machine's own resctrl group has a name, too", "[resctrl]") {
  FakeResctrl resctrl;
  resctrl.has(".");
  oci::IntelRdt wanted;
  wanted.clos_id = "/";
  ResctrlGroup(resctrl.root(), wanted, "abc").add(17);
  CHECK(resctrl.read("tasks") == "17");
}

TEST_CASE("resctrl groups that cannot be", "[resctrl]") {
  const FakeResctrl resctrl;
  oci::IntelRdt wanted;
  for (const char* name : {".", "..", "a/b", "../a"}) {
    wanted.clos_id = name;
    CHECK_THAT(error_of(resctrl, wanted), Contains("invalid closID"));
  }
  wanted.clos_id = "missing";
  CHECK_THAT(error_of(resctrl, wanted), Contains("there is no group 'missing'"));
  // What was begun is undone: a directory here has no file for schemata.
  wanted.schemata = {"L3:0=f"};
  CHECK_THAT(error_of(resctrl, wanted), Contains("schemata"));
  CHECK_FALSE(linux::exists(resctrl.at("missing")));
}

TEST_CASE("schemata of a resctrl group change while it is in use", "[resctrl]") {
  FakeResctrl resctrl;
  resctrl.has("abc");
  resctrl.has("shared");
  oci::IntelRdt wanted;
  wanted.mem_bw_schema = "MB:0=20";
  set_resctrl_schemata(resctrl.root(), wanted, "abc");
  wanted.clos_id = "shared";
  wanted.l3_cache_schema = "L3:0=3";
  set_resctrl_schemata(resctrl.root(), wanted, "abc");
  CHECK(resctrl.read("abc/schemata") == "MB:0=20\n");
  CHECK(resctrl.read("shared/schemata") == "L3:0=3\nMB:0=20\n");
}
