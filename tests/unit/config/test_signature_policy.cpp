// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/config/signature_policy.hpp"
#include "coracle/linux/file.hpp"
#include "scoped_environment.hpp"

namespace coracle::config {
namespace {

constexpr const char* k_policy = R"({
  "default": [{"type": "reject"}],
  "transports": {
    "docker": {
      "one.example": [{"type": "insecureAcceptAnything"}],
      "one.example/bad": [{"type": "reject"}],
      "one.example/bad/app:good": [{"type": "insecureAcceptAnything"}],
      "*.wild.example": [{"type": "insecureAcceptAnything"}],
      "signed.example": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/key"}],
      "host.example:5000": [{"type": "insecureAcceptAnything"}]
    },
    "docker-archive": {"": [{"type": "insecureAcceptAnything"}]}
  }
})";

bool allows(std::string_view transport, std::string_view scope) {
  try {
    parse_signature_policy(k_policy, "policy.json").require_allowed(transport, scope);
    return true;
  } catch (const Error& error) {
    CHECK(error.describe().find("policy.json") != std::string::npos);
    CHECK(error.describe().find(std::string(scope)) != std::string::npos);
    return false;
  }
}

}  // namespace

TEST_CASE("the closest scope decides") {
  CHECK(allows("docker", "one.example/app:1"));
  CHECK(allows("docker", "one.example/a/b/c@sha256:" + std::string(64, 'a')));
  CHECK_FALSE(allows("docker", "one.example/bad:1"));
  CHECK_FALSE(allows("docker", "one.example/bad/app:other"));
  CHECK(allows("docker", "one.example/bad/app:good"));
  CHECK(allows("docker", "one.example/badge:1"));
  CHECK(allows("docker", "a.b.wild.example/app:1"));
  CHECK_FALSE(allows("docker", "wild.example/app:1"));
  CHECK(allows("docker", "host.example:5000/app:1"));
  CHECK_FALSE(allows("docker", "host.example/app:1"));
  CHECK(allows("docker-archive", "/tmp/a.tar"));
  CHECK_FALSE(allows("oci", "/tmp/layout"));
  CHECK_FALSE(allows("docker", "signed.example/app:1"));
}

TEST_CASE("without a policy everything is accepted") {
  const linux::TempDir home("/tmp", "coracle-test-policy-");
  linux::ensure_directory(home.path() + "/.config/containers");
  const ScopedEnvironment environment({{"HOME", home.path()}});
  CHECK_NOTHROW(SignaturePolicy().require_allowed("docker", "any.example/app"));
  linux::write_new_file(home.path() + "/.config/containers/policy.json",
                        R"({"default":[{"type":"reject"}]})");
  CHECK_THROWS_AS(load_signature_policy().require_allowed("docker", "any.example/app"), Error);
}

TEST_CASE("a damaged policy is no policy to go by") {
  for (const char* text :
       {"", "{}", R"({"default":[]})", R"({"default":[{}]})", R"({"default":{"type":"reject"}})",
        R"({"default":[{"type":"reject"}],"transports":[]})",
        R"({"default":[{"type":"reject"}],"transports":{"docker":[]}})",
        R"({"default":[{"type":"reject"}],"transports":{"docker":{"a":[]}}})"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_signature_policy(text, "policy.json"), Error);
  }
}

}  // namespace coracle::config
