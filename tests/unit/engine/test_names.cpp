// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "engine/image/deliver.hpp"
#include "engine/image/location.hpp"
#include "engine/image/short_names.hpp"

namespace coracle::engine {
namespace {

std::string resolved(std::string_view name, const config::Registries& registries) {
  std::string text;
  for (const auto& reference : resolve_short_name(name, registries)) text += reference.str() + " ";
  return text;
}

}  // namespace

TEST_CASE("where images are") {
  struct Case {
    std::string text;
    Transport transport;
    std::string path;
    std::string name;
  };
  const std::vector<Case> cases = {
      {"debian:12", Transport::registry, "", "debian:12"},
      {"docker://debian", Transport::registry, "", "debian"},
      {"docker:5000/debian", Transport::registry, "", "docker:5000/debian"},
      {"localhost:5000/a", Transport::registry, "", "localhost:5000/a"},
      {"docker-archive:a.tar", Transport::docker_archive, "a.tar", ""},
      {"docker-archive:/d/a.tar:me/app:1", Transport::docker_archive, "/d/a.tar", "me/app:1"},
      {"oci-archive:a.tar:1", Transport::oci_archive, "a.tar", "1"},
      {"oci:dir:tag", Transport::oci_layout, "dir", "tag"},
      {"dir:/a:b", Transport::directory, "/a:b", ""},
      {"docker-daemon:debian:12", Transport::docker_daemon, "", "debian:12"},
      {"containers-storage:debian", Transport::storage, "", "debian"},
  };
  for (const auto& expected : cases) {
    INFO(expected.text);
    const auto location = parse_location(expected.text);
    CHECK(location.transport == expected.transport);
    CHECK(location.path == expected.path);
    CHECK(location.name == expected.name);
    if (expected.transport != Transport::registry) CHECK(location.str() == expected.text);
  }
  CHECK(parse_location("debian").str() == "docker://debian");
  for (const char* bad : {"oci:", "docker-archive:", "dir:", "docker-daemon:", "docker://"}) {
    CHECK_THROWS_AS(parse_location(bad), Error);
  }
}

TEST_CASE("what short names mean") {
  config::Registries registries;
  CHECK(resolved("debian", registries) == "docker.io/library/debian:latest ");
  CHECK(resolved("me/app:1", registries) == "docker.io/me/app:1 ");
  CHECK(resolved("quay.io/a/b", registries) == "quay.io/a/b:latest ");
  registries.unqualified_search = {"one.test", "two.test"};
  CHECK(resolved("debian:12", registries) == "one.test/debian:12 two.test/debian:12 ");
  CHECK(resolved("localhost/debian", registries) == "localhost/debian:latest ");
  registries.aliases["debian"] = "three.test/os/debian";
  CHECK(resolved("debian:12", registries) == "three.test/os/debian:12 ");
  registries.short_name_mode = config::ShortNameMode::enforcing;
  CHECK(resolved("debian", registries) == "three.test/os/debian:latest ");
  CHECK_THROWS_AS(resolved("other", registries), Error);
  registries.unqualified_search = {"one.test"};
  CHECK(resolved("other", registries) == "one.test/other:latest ");
  // The digest counts more than the tag.
  const std::string digest = sha256_of("x").str();
  CHECK(resolved("a.test/b:1@" + digest, registries) == "a.test/b@" + digest + " ");
}

TEST_CASE("what a push makes of an image") {
  PushRequest request;
  CHECK_FALSE(parse_form(request).format);
  CHECK_FALSE(parse_form(request).compression);
  CHECK(parse_form(request).level == -1);
  request.format = "v2s2";
  request.compression_format = "gzip";
  request.compression_level = 9;
  CHECK(parse_form(request).format == oci::Format::docker);
  CHECK(parse_form(request).compression == oci::Compression::gzip);
  CHECK(parse_form(request).level == 9);
  request.compression_format = "zstd";
  CHECK_THROWS_AS(parse_form(request), Error);
  request.format = "oci";
  request.compression_level = 20;
  CHECK(parse_form(request).level == 20);
  request.compression_level = 0;
  CHECK_THROWS_AS(parse_form(request), Error);
}

}  // namespace coracle::engine
