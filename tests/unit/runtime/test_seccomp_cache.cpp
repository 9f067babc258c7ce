// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "coracle/linux/file.hpp"
#include "unit/runtime/seccomp_support.hpp"

using namespace coracle;
using namespace coracle::runtime;

namespace {

bool same(const SeccompProgram& left, const SeccompProgram& right) {
  const auto bytes = [](const SeccompProgram& program) {
    return std::string_view(reinterpret_cast<const char*>(program.filter.data()),
                            program.filter.size() * sizeof(sock_filter));
  };
  return bytes(left) == bytes(right) && left.flags == right.flags && left.notify == right.notify;
}

std::string only_file(const std::string& directory) {
  const auto names = linux::list_directory(directory);
  REQUIRE(names.size() == 1);
  return directory + "/" + names[0];
}

}  // namespace

TEST_CASE("the second load gives what the first compiled", "[seccomp][cache]") {
  const linux::TempDir temporary("/tmp", "coracle-seccomp-");
  const std::string cache = temporary.path() + "/deep/cache";
  const auto compiled = compile_seccomp(default_seccomp_spec(test::docker_capabilities()));
  CHECK(same(load_default_seccomp(cache, test::docker_capabilities()), compiled));
  const std::string file = only_file(cache);
  struct stat before {};
  REQUIRE(::stat(file.c_str(), &before) == 0);
  CHECK(same(load_default_seccomp(cache, test::docker_capabilities()), compiled));
  struct stat after {};
  REQUIRE(::stat(file.c_str(), &after) == 0);
  CHECK(before.st_ino == after.st_ino);
}

TEST_CASE("only capabilities that matter make another entry", "[seccomp][cache]") {
  const linux::TempDir cache("/tmp", "coracle-seccomp-");
  load_default_seccomp(cache.path(), 0);
  load_default_seccomp(cache.path(), test::capabilities({"CAP_CHOWN", "CAP_KILL"}));
  CHECK(linux::list_directory(cache.path()).size() == 1);
  const auto program = load_default_seccomp(cache.path(), test::capabilities({"CAP_SYS_ADMIN"}));
  CHECK(linux::list_directory(cache.path()).size() == 2);
  CHECK(test::decide(program, "sethostname") == test::k_allow);
}

TEST_CASE("a damaged entry is compiled anew", "[seccomp][cache]") {
  const linux::TempDir cache("/tmp", "coracle-seccomp-");
  const auto compiled = load_default_seccomp(cache.path(), 0);
  const std::string file = only_file(cache.path());
  const std::string good = linux::read_file(file);
  auto damaged = GENERATE_COPY(
      std::string(), good.substr(0, good.size() - 8), good.substr(0, 31), good + "12345678",
      std::string(good.size(), '\0'),
      [&] {
        auto flipped = good;
        flipped[good.size() / 2] ^= 1;
        return flipped;
      }(),
      [&] {
        auto flipped = good;
        flipped[12] ^= 1;  // flags
        return flipped;
      }(),
      std::string(1 << 20, 'x'));
  linux::write_file_atomic(file, damaged);
  CHECK(same(load_default_seccomp(cache.path(), 0), compiled));
  CHECK(linux::read_file(file) == good);
}

TEST_CASE("an entry under another's name is not believed", "[seccomp][cache]") {
  const linux::TempDir cache("/tmp", "coracle-seccomp-");
  const auto without = load_default_seccomp(cache.path(), 0);
  const std::string file = only_file(cache.path());
  load_default_seccomp(cache.path(), test::capabilities({"CAP_SYS_ADMIN"}));
  for (const auto& name : linux::list_directory(cache.path())) {
    const std::string other = cache.path() + "/" + name;
    if (other != file) linux::rename_path(other, file);
  }
  CHECK(same(load_default_seccomp(cache.path(), 0), without));
}

TEST_CASE("an entry that others can write is not believed", "[seccomp][cache]") {
  const linux::TempDir cache("/tmp", "coracle-seccomp-");
  const auto compiled = load_default_seccomp(cache.path(), 0);
  const std::string file = only_file(cache.path());
  REQUIRE(::chmod(file.c_str(), 0666) == 0);
  CHECK(same(load_default_seccomp(cache.path(), 0), compiled));
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("a cache that cannot be written is no error", "[seccomp][cache]") {
  CHECK_NOTHROW(load_default_seccomp("/proc/nowhere", 0));
  CHECK_NOTHROW(load_default_seccomp("/dev/null", 0));
}

TEST_CASE("specifications are kept by content, flags included", "[seccomp][cache]") {
  const linux::TempDir cache("/tmp", "coracle-seccomp-");
  oci::SeccompSpec spec;
  spec.default_action = oci::SeccompAction::allow;
  spec.syscalls.push_back({{"mkdir"}, oci::SeccompAction::notify, std::nullopt, {}});
  const auto first = load_seccomp(cache.path(), spec);
  CHECK(same(load_seccomp(cache.path(), spec), first));
  CHECK(first.notify);
  CHECK(linux::list_directory(cache.path()).size() == 1);
  spec.flags = {"SECCOMP_FILTER_FLAG_LOG"};
  CHECK(load_seccomp(cache.path(), spec).flags != first.flags);
  CHECK(linux::list_directory(cache.path()).size() == 2);
}

TEST_CASE("the cache does not grow without bounds", "[seccomp][cache]") {
  const linux::TempDir cache("/tmp", "coracle-seccomp-");
  oci::SeccompSpec spec;
  spec.default_action = oci::SeccompAction::allow;
  for (std::uint64_t value = 0; value < 70; ++value) {
    spec.syscalls = {{{"kill"}, oci::SeccompAction::log, std::nullopt, {{0, value, 0, {}}}}};
    load_seccomp(cache.path(), spec);
  }
  CHECK(linux::list_directory(cache.path()).size() <= 64);
}
