// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "registry/auth/challenge.hpp"

using namespace coracle::registry;

TEST_CASE("the challenges of a registry") {
  const auto challenges = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push",error="invalid_token")");
  REQUIRE(challenges.size() == 1);
  CHECK(challenges[0].scheme == "bearer");
  CHECK(challenges[0].value("realm") == "https://auth.example/token");
  CHECK(challenges[0].value("service") == "registry.example");
  CHECK(challenges[0].value("scope") == "repository:a/b:pull,push");
  CHECK(challenges[0].value("missing").empty());
}

TEST_CASE("several challenges, odd spacing, quotes") {
  const auto challenges = parse_challenges(
      R"( , Negotiate, BASIC Realm = "a \"quoted\" , realm" , charset=UTF-8, Newauth abc==, Bearer realm=x)");
  REQUIRE(challenges.size() == 4);
  CHECK(challenges[0].scheme == "negotiate");
  CHECK(challenges[1].scheme == "basic");
  CHECK(challenges[1].value("realm") == "a \"quoted\" , realm");
  CHECK(challenges[1].value("charset") == "UTF-8");
  CHECK(challenges[2].scheme == "newauth");
  CHECK(challenges[3].value("realm") == "x");
}

TEST_CASE("rubbish ends the list") {
  CHECK(parse_challenges("").empty());
  CHECK(parse_challenges("\"").empty());
  CHECK(parse_challenges("= , =").empty());
  CHECK(parse_challenges("Bearer realm=\"open").front().value("realm") == "open");
  CHECK(parse_challenges("Bearer realm=").front().value("realm").empty());
  CHECK(parse_challenges("Bearer \x01\x02").size() == 1);
}
