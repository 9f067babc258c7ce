// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/oci/reference.hpp"
#include "data.hpp"

namespace coracle::oci {
namespace {

using test::error_of;

const std::string k_hex(64, 'a');
const std::string k_digest = "sha256:" + k_hex;

std::string times(std::string_view text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("references are taken apart") {
  struct Case {
    std::string text, domain, path, tag, digest;
  };
  const auto expected = GENERATE(values<Case>({
      {"debian", "", "debian", "", ""},
      {"debian:12", "", "debian", "12", ""},
      {"me/app", "", "me/app", "", ""},
      {"a/b/c/d:t", "", "a/b/c/d", "t", ""},
      {"localhost", "", "localhost", "", ""},
      {"localhost:5000", "", "localhost", "5000", ""},
      {"localhost/app", "localhost", "app", "", ""},
      {"localhost:5000/app:v1", "localhost:5000", "app", "v1", ""},
      {"quay.io/org/app", "quay.io", "org/app", "", ""},
      {"registry:80/app", "registry:80", "app", "", ""},
      {"Registry/app", "Registry", "app", "", ""},
      {"sub-domain.EXAMPLE.com/a", "sub-domain.EXAMPLE.com", "a", "", ""},
      {"127.0.0.1:5000/a", "127.0.0.1:5000", "a", "", ""},
      {"[::1]:5000/a/b:t", "[::1]:5000", "a/b", "t", ""},
      {"[2001:db8::1]/a", "[2001:db8::1]", "a", "", ""},
      {"a.b-c__d_e---f", "", "a.b-c__d_e---f", "", ""},
      {"xn--n3h.com/app", "xn--n3h.com", "app", "", ""},
      {"app:_x.Y-9", "", "app", "_x.Y-9", ""},
      {"app@" + k_digest, "", "app", "", k_digest},
      {"q.io/app:t@" + k_digest, "q.io", "app", "t", k_digest},
  }));
  CAPTURE(expected.text);
  const Reference reference = parse_reference(expected.text);
  CHECK(reference.domain == expected.domain);
  CHECK(reference.path == expected.path);
  CHECK(reference.tag == expected.tag);
  CHECK(reference.digest.str() == expected.digest);
  CHECK(reference.str() == expected.text);
}

TEST_CASE("malformed references are refused") {
  const auto text = GENERATE(
      as<std::string>{}, "a b", ":tag", "app:", "app:-t", "app:.t", "/app", "app/", "a//b", "-app",
      "app-", "_app", "a___b", "a..b", "a._b", "a.-b", "app:t:t", "app@", "app@sha256:abc",
      "app@md5:" + std::string(32, 'a'), "app@" + k_digest + "x", "app:t@" + k_digest + ":t",
      "app@sha256:" + std::string(64, 'A'), "host:port/app", "host:/app", "-host.com/app",
      "host-.com/app", ".com/app", "a..com/app", "[::1/app", "[]/app", "[::1]x/app", "[::1]:/app",
      "[::g]/app", "http://host.com/app", "app\n", std::string("a\0b", 3), "äpp", "app:ü", "@", ":",
      "/", "app:" + std::string(129, 'a'), "host.com/", "host.com:5000/:t", "../app", "./app",
      "oci-archive:/tmp/x.tar", "app%20", "app?x", "docker.io/");
  CAPTURE(text);
  CHECK_THAT(error_of([&] { parse_reference(text); }), Catch::Contains("invalid reference format"));
  CHECK_FALSE(is_valid_repository(text));
}

TEST_CASE("messages for malformed references are those of docker and podman") {
  CHECK(error_of([] { parse_reference("a b"); }) ==
        "parsing reference \"a b\": invalid reference format");
  CHECK(
      error_of([] { parse_reference("me/App:t"); }) ==
      "parsing reference \"me/App:t\": invalid reference format: repository name (me/App) must be "
      "lowercase");
  CHECK_THAT(error_of([] { parse_normalized("Debian"); }), Catch::Contains("must be lowercase"));
  CHECK(error_of([] { parse_reference(""); }) ==
        "parsing reference \"\": repository name must have at least one component");
  CHECK_THAT(error_of([] { parse_reference(k_hex); }),
             Catch::EndsWith("cannot specify 64-byte hexadecimal strings"));
  CHECK_THAT(error_of([] { parse_reference("Not Good"); }),
             Catch::EndsWith(": invalid reference format"));
}

TEST_CASE("a hostile name neither floods nor steers the terminal") {
  const auto message = error_of([] { parse_reference("a\x1b[31m" + std::string(9000, 'x')); });
  CHECK(message.size() < 400);
  CHECK(message.find('\x1b') == std::string::npos);
  CHECK_THAT(message, Catch::Contains("\\x1b[31m"));
}

TEST_CASE("names have a length limit") {
  CHECK_NOTHROW(parse_reference(times("a/", 127) + "a"));
  CHECK_NOTHROW(parse_reference("app:" + std::string(128, 'a')));
  CHECK(error_of([] { parse_reference(times("a", 256)); }) ==
        "parsing reference \"" + times("a", 160) +
            "…\": repository name must not be more than 255 characters");
}

TEST_CASE("the length limit holds for the completed name") {
  CHECK_NOTHROW(parse_normalized(times("a", 255 - 18)));
  CHECK_THROWS_AS(parse_normalized(times("a", 256 - 18)), Error);
}

TEST_CASE("an image id is no name, a part of one is") {
  CHECK_THROWS_AS(parse_normalized(k_hex), Error);
  CHECK_NOTHROW(parse_normalized(k_hex.substr(1)));
  CHECK(parse_normalized("me/" + k_hex).path == "me/" + k_hex);
}

TEST_CASE("short names are completed as docker does") {
  const auto [text, full, familiar] = GENERATE(table<std::string, std::string, std::string>({
      {"debian", "docker.io/library/debian", "debian"},
      {"debian:12", "docker.io/library/debian:12", "debian:12"},
      {"library/debian", "docker.io/library/debian", "debian"},
      {"docker.io/debian", "docker.io/library/debian", "debian"},
      {"index.docker.io/debian", "docker.io/library/debian", "debian"},
      {"docker.io/library/debian", "docker.io/library/debian", "debian"},
      {"me/app", "docker.io/me/app", "me/app"},
      {"library/a/b", "docker.io/library/a/b", "library/a/b"},
      {"localhost/app", "localhost/app", "localhost/app"},
      {"localhost:5000/app", "localhost:5000/app", "localhost:5000/app"},
      {"quay.io/app:v1", "quay.io/app:v1", "quay.io/app:v1"},
      {"docker.io.example.com/app", "docker.io.example.com/app", "docker.io.example.com/app"},
  }));
  CAPTURE(text);
  const Reference reference = parse_normalized(text);
  CHECK(reference.str() == full);
  CHECK(reference.familiar() == familiar);
  CHECK(parse_normalized(reference.str()) == reference);
  CHECK(parse_normalized(reference.familiar()) == reference);
}

TEST_CASE("short names are completed for images made here") {
  CHECK(parse_normalized("base", ShortNames::localhost).str() == "localhost/base");
  CHECK(parse_normalized("me/app:1", ShortNames::localhost).str() == "localhost/me/app:1");
  CHECK(parse_normalized("quay.io/app", ShortNames::localhost).str() == "quay.io/app");
  CHECK(parse_normalized("docker.io/app", ShortNames::localhost).str() == "docker.io/library/app");
}

TEST_CASE("parts of a reference") {
  const Reference both = parse_normalized("app:t@" + k_digest);
  CHECK(both.name() == "docker.io/library/app");
  CHECK(both.name_and_tag() == "docker.io/library/app:t");
  CHECK(both.familiar() == "app:t@" + k_digest);
  CHECK(both.familiar_name() == "app");
  CHECK_FALSE(both.is_name_only());
  CHECK(both.with_default_tag() == both);

  const Reference digest_only = parse_reference("q.io/app@" + k_digest);
  CHECK(digest_only.name_and_tag() == "q.io/app@" + k_digest);
  CHECK(digest_only.with_default_tag().tag.empty());

  const Reference bare = parse_reference("app");
  CHECK(bare.is_name_only());
  CHECK_FALSE(bare.has_domain());
  CHECK(bare.with_default_tag().str() == "app:latest");
}

TEST_CASE("tags, repositories and registries are checked alone") {
  CHECK(is_valid_tag("latest"));
  CHECK(is_valid_tag("1.0-rc_1"));
  CHECK_FALSE(is_valid_tag(""));
  CHECK_FALSE(is_valid_tag("a/b"));
  CHECK_FALSE(is_valid_tag(std::string(129, 'a')));
  CHECK(is_valid_repository("me/app"));
  CHECK(is_valid_repository("q.io:80/app"));
  CHECK_FALSE(is_valid_repository("me/app:t"));
  CHECK_FALSE(is_valid_repository(k_hex));
  CHECK_FALSE(is_valid_repository(""));
  CHECK(is_valid_domain("registry-1.example.com:443"));
  CHECK(is_valid_domain("[::1]:5000"));
  CHECK_FALSE(is_valid_domain("example.com/"));
  CHECK_FALSE(is_valid_domain(""));
  CHECK_FALSE(is_valid_domain("example.com:"));
}

}  // namespace coracle::oci
