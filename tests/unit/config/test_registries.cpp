// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/config/registries.hpp"
#include "coracle/linux/file.hpp"
#include "scoped_environment.hpp"

namespace coracle::config {
namespace {

Registries parse(const std::string& text) {
  Registries registries;
  apply_registries(text, "registries.conf", registries);
  return registries;
}

std::string error_of(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    CHECK(error.error_class() == ErrorClass::invalid_argument);
    return error.describe();
  }
  return "";
}

using Sources = std::vector<PullSource>;

}  // namespace

TEST_CASE("without a table a name is asked for where it says") {
  const auto registries = parse("unqualified-search-registries = ['one.example', 'two.example']\n");
  CHECK(registries.unqualified_search == std::vector<std::string>{"one.example", "two.example"});
  CHECK(registries.sources_of("one.example/a/b", false) ==
        Sources{{"one.example/a/b", false, false}});
  CHECK_FALSE(registries.is_insecure("one.example/a"));
}

TEST_CASE("the longest prefix of whole parts is chosen") {
  const auto registries = parse(R"(
[[registry]]
location = "example.org"
insecure = true
[[registry]]
prefix = "example.org/team"
location = "inner.example/shared/team"
[[registry]]
prefix = "*.example.org"
insecure = true
[[registry]]
prefix = "deep.example.org"
location = "deep.example.org"
)");
  CHECK(registries.sources_of("example.org/app", false) ==
        Sources{{"example.org/app", true, false}});
  CHECK(registries.sources_of("example.org/team/app", false) ==
        Sources{{"inner.example/shared/team/app", false, false}});
  CHECK(registries.sources_of("example.org/teams", false) ==
        Sources{{"example.org/teams", true, false}});
  CHECK(registries.is_insecure("a.b.example.org:5000/app"));
  CHECK(registries.sources_of("a.b.example.org:5000/app", false).front().name ==
        "a.b.example.org:5000/app");
  CHECK_FALSE(registries.is_insecure("deep.example.org/app"));
  CHECK_FALSE(registries.is_insecure("notexample.org/app"));
  CHECK_FALSE(registries.is_insecure("example.org:5000/app"));
}

TEST_CASE("mirrors come first, by digest or by tag as they are told") {
  const auto registries = parse(R"(
[[registry]]
prefix = "docker.io"
location = "registry.example"
[[registry.mirror]]
location = "all.example/hub"
insecure = true
[[registry.mirror]]
location = "digests.example"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "tags.example"
pull-from-mirror = "tag-only"
[[registry]]
location = "strict.example"
mirror-by-digest-only = true
[[registry.mirror]]
location = "all.example"
)");
  CHECK(registries.sources_of("docker.io/library/debian", false) ==
        Sources{{"all.example/hub/library/debian", true, true},
                {"tags.example/library/debian", false, true},
                {"registry.example/library/debian", false, false}});
  CHECK(registries.sources_of("docker.io/library/debian", true) ==
        Sources{{"all.example/hub/library/debian", true, true},
                {"digests.example/library/debian", false, true},
                {"registry.example/library/debian", false, false}});
  CHECK(registries.sources_of("strict.example/a", false).size() == 1);
  CHECK(registries.sources_of("strict.example/a", true).size() == 2);
}

TEST_CASE("a blocked registry is refused by name") {
  const auto registries = parse("[[registry]]\nlocation = 'bad.example'\nblocked = true\n");
  try {
    registries.sources_of("bad.example/a", false);
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK(error.error_class() == ErrorClass::permission_denied);
    CHECK(error.describe().find("bad.example") != std::string::npos);
  }
}

TEST_CASE("later files count more") {
  Registries registries = parse(R"(
unqualified-search-registries = ["one.example"]
short-name-mode = "enforcing"
[aliases]
debian = "docker.io/library/debian"
tool = "one.example/tool"
[[registry]]
location = "one.example"
insecure = true
)");
  apply_registries("[aliases]\ntool = ''\n[[registry]]\nlocation = 'one.example'\n", "more.conf",
                   registries);
  CHECK(registries.short_name_mode == ShortNameMode::enforcing);
  CHECK(registries.unqualified_search.size() == 1);
  CHECK(registries.aliases ==
        std::map<std::string, std::string>{{"debian", "docker.io/library/debian"}});
  CHECK_FALSE(registries.is_insecure("one.example/a"));
}

TEST_CASE("mistakes are named with file, line and key") {
  CHECK(error_of("short-name-mode = 'sometimes'").find("registries.conf:1: short-name-mode") !=
        std::string::npos);
  CHECK(error_of("\n\nunqualified-search-registries = 'one'").find("registries.conf:3:") !=
        std::string::npos);
  CHECK_FALSE(error_of("[[registry]]\ninsecure = true\n").empty());
  CHECK_FALSE(error_of("[[registry]]\nlocation = 'https://one.example'\n").empty());
  CHECK_FALSE(error_of("[[registry]]\nprefix = '*.a.*'\n").empty());
  CHECK_FALSE(error_of("[[registry]]\nlocation = 'a'\ninsecure = 'yes'\n").empty());
  CHECK_FALSE(error_of("[[registry]]\nlocation = 'a'\n[[registry.mirror]]\n").empty());
  CHECK_FALSE(error_of("[registries.search]\nregistries = ['a']\n").empty());
  CHECK_FALSE(error_of("not toml").empty());
  CHECK(error_of("unknown-key = 1").empty());
}

TEST_CASE("files are found as podman finds them") {
  const linux::TempDir home("/tmp", "coracle-test-registries-");
  const std::string own = home.path() + "/.config/containers";
  linux::ensure_directory(own + "/registries.conf.d");
  linux::ensure_directory(home.path() + "/.cache/containers");
  linux::write_new_file(own + "/registries.conf",
                        "unqualified-search-registries = ['own.example']\n");
  linux::write_new_file(own + "/registries.conf.d/1.conf", "short-name-mode = 'disabled'\n");
  linux::write_new_file(own + "/registries.conf.d/2.txt", "not toml");
  linux::write_new_file(home.path() + "/.cache/containers/short-name-aliases.conf",
                        "[aliases]\napp = 'own.example/app'\n");
  {
    const ScopedEnvironment environment({{"HOME", home.path()}});
    const auto registries = load_registries();
    CHECK(registries.unqualified_search == std::vector<std::string>{"own.example"});
    CHECK(registries.short_name_mode == ShortNameMode::disabled);
    CHECK(registries.aliases.at("app") == "own.example/app");
  }
  const std::string other = home.path() + "/other.conf";
  linux::write_new_file(other, "unqualified-search-registries = ['other.example']\n");
  const ScopedEnvironment environment(
      {{"HOME", home.path()}, {"CONTAINERS_REGISTRIES_CONF", other}});
  CHECK(load_registries().unqualified_search == std::vector<std::string>{"other.example"});
}

}  // namespace coracle::config
