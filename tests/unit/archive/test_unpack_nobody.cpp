// SPDX-License-Identifier: Apache-2.0
// Layers unpacked by a process that may give files to nobody, in no namespace of its own.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>

#include "archive_support.hpp"
#include "coracle/linux/process.hpp"

using namespace coracle;
using namespace coracle::archive;
using test::TarBuilder;

namespace {

constexpr uid_t k_nobody = 12345;

/// What `work` returns in a process without capabilities.
std::string as_nobody(const std::function<std::string()>& work) {
  linux::Pipe answer = linux::make_pipe();
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    std::string text = "cannot become somebody else";
    const bool is_nobody = ::geteuid() != 0 || (::setresgid(k_nobody, k_nobody, k_nobody) == 0 &&
                                                ::setresuid(k_nobody, k_nobody, k_nobody) == 0);
    try {
      if (is_nobody) text = work();
    } catch (const std::exception& error) {
      text = error.what();
    }
    linux::write_all(answer.write.get(), text, "answer");
    ::_exit(0);
  }
  linux::Child child(pid);
  answer.write.reset();
  std::string text = linux::read_all(answer.read.get(), 1U << 20);
  child.wait();
  return text;
}

/// Everything in there is theirs.
void give_away(const Sandbox& box) {
  if (::geteuid() != 0) return;
  linux::IdMappings maps;
  maps.uids = {{0, k_nobody, 1}};
  maps.gids = {{0, k_nobody, 1}};
  box.give_to(maps);
}

}  // namespace

TEST_CASE("owners and modes come back that this process could not give", "[archive][rootless]") {
  const std::string layer = TarBuilder()
                                .add({.name = "closed", .type = '5', .mode = 0555})
                                .add({.name = "closed/file", .content = "x", .uid = 33, .gid = 44})
                                .add({.name = "shadow", .content = "x", .mode = 0, .gid = 42})
                                .add({.name = "set", .content = "x", .mode = 04755})
                                .finish();
  const Sandbox here;
  here.unpack(layer);
  const Sandbox box;
  give_away(box);
  const std::string packed = as_nobody([&] {
    box.unpack(layer);
    return pack(box.path());
  });
  const Sandbox again;
  again.unpack(packed);
  for (const char* name : {"closed", "closed/file", "shadow", "set"}) {
    CAPTURE(name);
    if (::geteuid() == 0) CHECK(describe_file(again.path(name)) == describe_file(here.path(name)));
    struct stat there {};
    struct stat first {};
    REQUIRE(::lstat(again.path(name).c_str(), &there) == 0);
    REQUIRE(::lstat(here.path(name).c_str(), &first) == 0);
    CHECK(there.st_mode == first.st_mode);
  }
  // They are open to the one who has them, and a change of mode counts more than the note.
  CHECK(describe_file(box.path("closed")).starts_with("040755"));
  CHECK(get_attribute(box.path("shadow"), "user.coracle.mode") == "0");
  REQUIRE(::chmod(box.path("closed").c_str(), 0700) == 0);
  const std::string changed = as_nobody([&] { return pack(box.path()); });
  const Sandbox last;
  last.unpack(changed);
  CHECK(describe_file(last.path("closed")).starts_with("040700"));
}
