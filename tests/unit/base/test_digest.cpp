// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/digest.hpp"
#include "coracle/base/error.hpp"

using namespace coracle;

TEST_CASE("digests are well formed or refused") {
  const std::string hex(64, 'a');
  CHECK(Digest::parse("sha256:" + hex).hex() == hex);
  CHECK(Digest::parse("sha256:" + hex).algorithm() == "sha256");
  CHECK(Digest::parse("sha512:" + hex + hex).algorithm() == "sha512");
  for (const std::string& text :
       {std::string(), hex, "sha256:" + hex.substr(1), "sha256:" + hex + "a",
        "sha256:" + std::string(64, 'A'), "md5:" + hex.substr(32),
        "sha256:" + std::string(63, 'a') + "/", "sha512:" + hex, "sha256:../../" + hex}) {
    INFO(text);
    CHECK_THROWS_AS(Digest::parse(text), Error);
  }
}

TEST_CASE("the standard's own examples") {
  CHECK(sha256_of("").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_of("abc").hex() ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Hasher in_parts;
  in_parts.update("a");
  in_parts.update("");
  in_parts.update("bc");
  CHECK(in_parts.finish() == sha256_of("abc"));
  Hasher long_one("sha512");
  long_one.update("abc");
  CHECK(long_one.finish().str().starts_with("sha512:ddaf35a193617abacc417349ae204131"));
}
