// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "coracle/base/base64.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/registry/credentials.hpp"
#include "support/errors.hpp"

using namespace coracle;
using namespace coracle::registry;
using test::error_of;
using test::has;

namespace {

/// A directory with an auth file, and one for helpers in PATH.
class Place {
 public:
  explicit Place(const std::string& text = "") {
    if (!text.empty()) linux::write_new_file(file(), text);
    linux::ensure_directory(directory_.path() + "/bin");
    path_ = ::getenv("PATH");
    ::setenv("PATH", (directory_.path() + "/bin:" + path_).c_str(), 1);
  }
  ~Place() { ::setenv("PATH", path_.c_str(), 1); }

  std::string file() const { return directory_.path() + "/auth.json"; }
  CredentialStore store() const { return CredentialStore(file()); }
  std::string text() const { return linux::read_file(file()); }

  /// A helper that keeps one secret, in a file, for any server.
  void add_helper(const std::string& name) const {
    const std::string program = directory_.path() + "/bin/docker-credential-" + name;
    const std::string kept = directory_.path() + "/kept-" + name;
    linux::write_new_file(
        program,
        "#!/bin/sh\n"
        "case $1 in\n"
        "get) cat >> " +
            kept + ".asked; echo >> " + kept +
            ".asked\n"
            "  cat " +
            kept +
            " 2>/dev/null || { echo credentials not found in native keychain; exit 1; } ;;\n"
            "store) cat > " +
            kept +
            " ;;\n"
            "erase) rm " +
            kept +
            " ;;\n"
            "esac\n",
        0755);
  }
  std::string kept(const std::string& name) const {
    return linux::read_file_if_exists(directory_.path() + "/kept-" + name).value_or("");
  }

 private:
  linux::TempDir directory_{"/tmp", "coracle-test-credentials-"};
  std::string path_;
};

std::string entry(const std::string& user_and_password) {
  return "{\"auth\":\"" + encode_base64(user_and_password) + "\"}";
}

}  // namespace

TEST_CASE("the longest name that holds a repository is found") {
  const Place place(
      "{\"auths\":{\"r.example\":" + entry("host:1") + ",\"r.example/team\":" + entry("team:a:b") +
      ",\"https://index.docker.io/v1/\":" + entry("hub:2") +
      ",\"http://old.example:5000/v1/\":" + entry("old:3") + ",\"empty.example\":{}}}");
  const auto store = place.store();
  CHECK(store.find("r.example/app")->user == "host");
  CHECK(store.find("r.example/team/app") == Credentials{"team", "a:b", ""});
  CHECK(store.find("r.example/teams")->user == "host");
  CHECK(store.find("docker.io/library/debian")->user == "hub");
  CHECK(store.find("old.example:5000/x")->user == "old");
  CHECK_FALSE(store.find("old.example/x"));
  CHECK_FALSE(store.find("empty.example/x"));
  CHECK_FALSE(store.find("other.example"));
}

TEST_CASE("what is stored is found again, and the rest of the file is kept") {
  const Place place(
      R"({"HttpHeaders":{"X":"y"},"auths":{"https://r.example/v1/":{"auth":"YTpi"}}})");
  place.store().store("r.example", {"me", "p:w", ""});
  CHECK(place.store().find("r.example/app") == Credentials{"me", "p:w", ""});
  CHECK(place.text().find("HttpHeaders") != std::string::npos);
  CHECK(place.text().find("https://r.example") == std::string::npos);
  place.store().store("token.example", {"", "", "secret-token"});
  CHECK(place.store().find("token.example")->identity_token == "secret-token");
  struct stat info {};
  REQUIRE(::stat(place.file().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(place.store().erase("r.example"));
  CHECK_FALSE(place.store().erase("r.example"));
  CHECK_FALSE(place.store().find("r.example"));
  place.store().clear();
  CHECK_FALSE(place.store().find("token.example"));
}

TEST_CASE("nothing is there at first") {
  const Place place;
  CHECK_FALSE(place.store().find("r.example"));
  CHECK_FALSE(place.store().erase("r.example"));
  place.store().clear();
  CHECK_FALSE(linux::exists(place.file()));
  place.store().store("r.example", {"me", "pw", ""});
  CHECK(place.store().find("r.example")->password == "pw");
}

TEST_CASE("helpers keep what the file says they keep") {
  const Place place(R"({"credHelpers":{"one.example":"first"},"credsStore":"second"})");
  place.add_helper("first");
  place.add_helper("second");
  CHECK_FALSE(place.store().find("one.example/app"));
  place.store().store("one.example", {"me", "one", ""});
  CHECK(place.kept("first").find("\"Secret\":\"one\"") != std::string::npos);
  CHECK(place.store().find("one.example/app") == Credentials{"me", "one", ""});
  place.store().store("docker.io", {"", "", "tok"});
  CHECK(place.kept("second").find("<token>") != std::string::npos);
  CHECK(place.store().find("docker.io/library/debian")->identity_token == "tok");
  CHECK(place.kept("second.asked").find("https://index.docker.io/v1/") != std::string::npos);
  CHECK(place.text().find("tok") == std::string::npos);
  CHECK(place.store().erase("one.example"));
  CHECK_FALSE(place.store().find("one.example"));
}

TEST_CASE("helpers of registries.conf") {
  const Place place("{\"auths\":{\"r.example\":" + entry("file:1") + "}}");
  place.add_helper("outer");
  const CredentialStore store(place.file(), {"outer", "containers-auth.json"});
  CHECK(store.find("r.example/app")->user == "file");
  store.store("r.example", {"me", "kept", ""});
  CHECK(store.find("r.example/app")->password == "kept");
  CHECK(store.erase("r.example"));
  CHECK_FALSE(store.find("r.example/app"));
}

TEST_CASE("mistakes are named") {
  const auto mistake = [](const std::string& text) {
    const Place place(text);
    return error_of([&] { place.store().find("r.example"); }).describe();
  };
  CHECK(has(mistake("not json"), "auth.json"));
  CHECK(has(mistake("[]"), "auth.json"));
  CHECK(has(mistake(R"({"auths":{"r.example":{"auth":"!!"}}})"), "auth.json"));
  CHECK(has(mistake(R"({"auths":{"r.example":{"auth":"YQ=="}}})"), "USER:PASSWORD"));
  CHECK(has(mistake(R"({"credsStore":"no-such-helper"})"), "docker-credential-no-such-helper"));
  CHECK(parse_credentials("me") == Credentials{"me", "", ""});
  CHECK(parse_credentials("me:a:b") == Credentials{"me", "a:b", ""});
  CHECK_THROWS_AS(parse_credentials(":x"), Error);
}
