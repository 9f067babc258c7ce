// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/oci/media_types.hpp"
#include "coracle/registry/repository.hpp"
#include "registry/endpoint.hpp"
#include "support/errors.hpp"
#include "support/scripted_server.hpp"

using namespace coracle;
using namespace coracle::registry;
using namespace std::chrono_literals;
using test::answer;
using test::error_of;
using test::has;
using test::ScriptedServer;

namespace {

const std::string k_manifest =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":2},"layers":[]})";

struct Fixture {
  explicit Fixture(const ScriptedServer& server)
      : client(registry::HttpClient(settings(), "", cancellation)),
        endpoint(std::make_shared<Endpoint>(client, policy,
                                            "127.0.0.1:" + std::to_string(server.port()), true,
                                            Credentials{"me", "word", ""})),
        repository(endpoint, endpoint->host() + "/team/app") {}

  static config::HttpSettings settings() {
    config::HttpSettings settings;
    settings.patience = 3s;
    return settings;
  }

  linux::Cancellation cancellation;
  RetryPolicy policy{3, 1ms, {}};
  HttpClient client;
  std::shared_ptr<Endpoint> endpoint;
  Repository repository;
};

/// An insecure registry is asked for TLS first, which this one does not speak.
const ScriptedServer::Conversation k_no_tls = {std::string(test::k_at_once) +
                                               "HTTP/1.1 400 Bad Request\r\n\r\n"};

class Text final : public BlobContent {
 public:
  Text(std::string text, bool known) : text_(std::move(text)), known_(known) {}
  std::optional<oci::Descriptor> known() const override {
    if (!known_) return std::nullopt;
    oci::Descriptor descriptor;
    descriptor.digest = sha256_of(text_);
    descriptor.size = static_cast<std::int64_t>(text_.size());
    return descriptor;
  }
  void seek(std::uint64_t offset) override { position_ = offset; }
  std::size_t read(void* data, std::size_t size) override {
    const std::size_t count = text_.copy(static_cast<char*>(data), size, position_);
    position_ += count;
    return count;
  }
  Digest digest() override { return sha256_of(text_); }

 private:
  std::string text_;
  bool known_;
  std::size_t position_ = 0;
};

std::string read_all(Download& download) {
  std::string text;
  char buffer[7];
  while (const auto got = download.read(buffer, sizeof buffer)) text.append(buffer, got);
  return text;
}

oci::Descriptor blob_of(const std::string& text) {
  oci::Descriptor blob;
  blob.digest = sha256_of(text);
  blob.size = static_cast<std::int64_t>(text.size());
  return blob;
}

}  // namespace

TEST_CASE("a manifest is fetched with a token, and the token is used again") {
  ScriptedServer server(
      {k_no_tls,
       {answer(401, "WWW-Authenticate: Bearer realm=\"/token\",service=\"s\"\r\n"),
        answer(200, "", R"({"token":"t1","expires_in":300})"), answer(200, "", k_manifest),
        answer(200, "Docker-Content-Digest: " + sha256_of("other").str() + "\r\n", "")}});
  Fixture f(server);
  const auto document = f.repository.manifest("1.0");
  CHECK(document.digest == sha256_of(k_manifest));
  CHECK(document.media_type == oci::k_oci_manifest);
  CHECK(f.repository.find_manifest("latest") == sha256_of("other"));
  const auto requests = server.requests();
  REQUIRE(requests.size() == 4);
  CHECK(has(requests[0], "GET /v2/team/app/manifests/1.0 "));
  CHECK_FALSE(has(requests[0], "Authorization"));
  CHECK(has(requests[1], "GET /token?service=s&scope=repository%3Ateam%2Fapp%3Apull&account=me "));
  CHECK(has(requests[1], "Authorization: Basic bWU6d29yZA=="));
  CHECK(has(requests[2], "Authorization: Bearer t1"));
  CHECK(has(requests[3], "HEAD /v2/team/app/manifests/latest "));
  CHECK(has(requests[3], "Authorization: Bearer t1"));
}

TEST_CASE("a token that is refused is replaced once") {
  const std::string ask = answer(401, "WWW-Authenticate: Bearer realm=\"/token\"\r\n");
  ScriptedServer server({k_no_tls,
                         {ask, answer(200, "", R"({"access_token":"old"})"), ask,
                          answer(200, "", R"({"token":"new"})"), answer(200, "", k_manifest)}});
  Fixture f(server);
  CHECK(f.repository.manifest("1").digest == sha256_of(k_manifest));
  CHECK(has(server.requests()[4], "Bearer new"));
}

TEST_CASE("passwords go where they are asked for, and are not repeated") {
  const std::string ask = answer(401, "WWW-Authenticate: Basic realm=\"x\"\r\n");
  ScriptedServer server({k_no_tls, {ask, ask}});
  Fixture f(server);
  const Error error = error_of([&] { f.repository.manifest("1"); });
  CHECK(error.error_class() == ErrorClass::permission_denied);
  CHECK(has(error.hint(), "coracle login"));
  REQUIRE(server.requests().size() == 2);
  CHECK(has(server.requests()[1], "Authorization: Basic bWU6d29yZA=="));
}

TEST_CASE("a manifest must have the digest that was asked for, or told") {
  ScriptedServer server(
      {k_no_tls,
       {answer(200, "", k_manifest),
        answer(200, "Docker-Content-Digest: " + sha256_of("x").str() + "\r\n", k_manifest),
        answer(404), answer(200, "", "{}")}});
  Fixture f(server);
  CHECK(has(error_of([&] { f.repository.manifest(sha256_of("x").str()); }).describe(),
            "the manifest is damaged"));
  CHECK(has(error_of([&] { f.repository.manifest("tag"); }).describe(), "the manifest is damaged"));
  CHECK_FALSE(f.repository.find_manifest("gone"));
  CHECK(error_of([&] { f.repository.manifest("tag"); }).error_class() ==
        ErrorClass::invalid_argument);
}

TEST_CASE("a blob that breaks off goes on where it was") {
  const std::string text = "0123456789";
  ScriptedServer server(
      {k_no_tls,
       {"HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\n0123"},
       {"HTTP/1.1 206 x\r\nContent-Length: 6\r\nContent-Range: bytes 4-9/10\r\n\r\n45"},
       {answer(503)},
       {"HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\n0123456789"}});
  Fixture f(server);
  const auto download = f.repository.open_blob(blob_of(text), 0);
  CHECK(read_all(*download) == text);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 4);
  CHECK_FALSE(has(requests[0], "Range"));
  CHECK(has(requests[1], "Range: bytes=4-\r\n"));
  CHECK(has(requests[3], "Range: bytes=6-\r\n"));
}

TEST_CASE("a blob of another size is refused") {
  const std::string text = "0123456789";
  ScriptedServer server(
      {k_no_tls,
       {answer(200, "", "0123")},
       {"HTTP/1.1 200 x\r\nConnection: close\r\n\r\n0123456789more"},
       {"HTTP/1.1 206 x\r\nContent-Length: 9\r\nContent-Range: bytes 1-9/10\r\n\r\n123456789"}});
  Fixture f(server);
  for (int i = 0; i < 2; ++i) {
    const auto download = f.repository.open_blob(blob_of(text), 0);
    CHECK(has(error_of([&] { read_all(*download); }).describe(), "another size"));
  }
  const auto download = f.repository.open_blob(blob_of(text), 2);
  CHECK(has(error_of([&] { read_all(*download); }).describe(), "sends other bytes"));
  // What is here already is not asked for.
  CHECK(read_all(*f.repository.open_blob(blob_of(text), 10)).empty());
}

TEST_CASE("layers that are elsewhere") {
  ScriptedServer elsewhere({{answer(200, "", "layer")}});
  ScriptedServer server({k_no_tls});
  Fixture f(server);
  oci::Descriptor blob = blob_of("layer");
  blob.media_type = std::string(oci::k_docker_layer_foreign);
  blob.urls = {"http://127.0.0.1:" + std::to_string(elsewhere.port()) + "/far"};
  CHECK(read_all(*f.repository.open_blob(blob, 0)) == "layer");
  CHECK(has(elsewhere.requests()[0], "GET /far "));
}

TEST_CASE("an upload whose size is known is one request after the first") {
  ScriptedServer server({k_no_tls, {answer(202, "Location: /up/1?state=a\r\n"), answer(201)}});
  Fixture f(server);
  Text content("hello", true);
  CHECK(f.repository.put_blob(content) == sha256_of("hello"));
  const auto requests = server.requests();
  CHECK(has(requests[0], "POST /v2/team/app/blobs/uploads/ "));
  CHECK(has(requests[1], "PUT /up/1?state=a&digest=sha256%3A"));
  CHECK(has(requests[1], "Content-Length: 5"));
  CHECK(requests[1].ends_with("hello"));
}

TEST_CASE("an upload that broke off goes on where the registry says") {
  ScriptedServer server({k_no_tls,
                         {answer(202, "Location: /up/1\r\nConnection: close\r\n")},
                         {},  // hangs up
                         {answer(204, "Location: /up/2\r\nRange: 0-2\r\n"),
                          answer(202, "Location: /up/3\r\n"), answer(201)}});
  Fixture f(server);
  Text content("hello", true);
  CHECK(f.repository.put_blob(content) == sha256_of("hello"));
  const auto requests = server.requests();
  for (const auto& request : requests) UNSCOPED_INFO(request);
  REQUIRE(requests.size() == 4);
  CHECK(has(requests[1], "GET /up/1 "));
  CHECK(has(requests[2], "PATCH /up/2 "));
  CHECK(has(requests[2], "Content-Range: 3-4"));
  CHECK(requests[2].ends_with("lo"));
  CHECK(has(requests[3], "PUT /up/3?digest="));
}

TEST_CASE("a blob of another repository is taken over, or not") {
  ScriptedServer server({k_no_tls, {answer(201), answer(202, "Location: /up/1\r\n"), answer(204)}});
  Fixture f(server);
  const std::string from = f.endpoint->host() + "/other";
  CHECK(f.repository.try_mount_blob(sha256_of("x"), from));
  CHECK_FALSE(f.repository.try_mount_blob(sha256_of("x"), from));
  CHECK_FALSE(f.repository.try_mount_blob(sha256_of("x"), "elsewhere.test/other"));
  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(has(requests[0], "POST /v2/team/app/blobs/uploads/?mount=sha256%3A"));
  CHECK(has(requests[0], "&from=other "));
  CHECK(has(requests[2], "DELETE /up/1 "));
}

TEST_CASE("where a registry has uploads sent, nobody is told who we are") {
  ScriptedServer storage({{answer(401, "WWW-Authenticate: Basic realm=\"mine\"\r\n")}});
  ScriptedServer server(
      {k_no_tls,
       {answer(401, "WWW-Authenticate: Basic realm=\"x\"\r\n"),
        answer(202, "Location: http://127.0.0.1:" + std::to_string(storage.port()) + "/up\r\n")}});
  Fixture f(server);
  Text content("hello", true);
  CHECK(error_of([&] { f.repository.put_blob(content); }).error_class() ==
        ErrorClass::permission_denied);
  CHECK(has(server.requests()[1], "Authorization: Basic"));
  REQUIRE(storage.requests().size() == 1);
  CHECK_FALSE(has(storage.requests()[0], "Authorization"));
}

TEST_CASE("a repository that is not ours any more does not keep a blob from being sent") {
  ScriptedServer server(
      {k_no_tls, {answer(401, "WWW-Authenticate: Bearer realm=\"/token\"\r\n"), answer(403)}});
  Fixture f(server);
  CHECK_FALSE(f.repository.try_mount_blob(sha256_of("x"), f.endpoint->host() + "/other"));
}

TEST_CASE("a registry that breaks off has not said that it speaks no TLS") {
  ScriptedServer server({{}, {}});
  Fixture f(server);
  f.policy.retries = 0;
  CHECK(error_of([&] { f.repository.manifest("1"); }).error_class() == ErrorClass::unavailable);
}

TEST_CASE("tags come page by page") {
  ScriptedServer server(
      {k_no_tls,
       {answer(200, "Link: </v2/team/app/tags/list?last=b>; rel=\"next\"\r\n",
               R"({"tags":["a","b","no tag","../up"]})"),
        answer(200, "", R"({"tags":["c"]})"), answer(200, "", R"({"tags":null})")}});
  Fixture f(server);
  CHECK(f.repository.tags() == std::vector<std::string>{"a", "b", "c"});
  CHECK(f.repository.tags().empty());
}

TEST_CASE("referrers, by the API and by the tag that stands in for it") {
  const std::string index =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","size":7,"artifactType":"a/b"}]})";
  ScriptedServer server(
      {k_no_tls,
       {answer(200, "", index), answer(404), answer(200, "", index), answer(404), answer(404)}});
  Fixture f(server);
  const Digest subject = sha256_of("subject");
  REQUIRE(f.repository.referrers(subject).size() == 1);
  CHECK(f.repository.referrers(subject).at(0).artifact_type == "a/b");
  CHECK(f.repository.referrers(subject).empty());
  CHECK(has(server.requests()[2], "manifests/sha256-" + std::string(subject.hex())));
}

TEST_CASE("the next page of a listing") {
  ResponseHead head;
  CHECK(next_link(head).empty());
  head.fields.add("Link", "<http://x/a>; rel=\"prev\", </v2/b?n=1>; title=\"t\"; rel=next");
  CHECK(next_link(head) == "/v2/b?n=1");
  ResponseHead broken;
  broken.fields.add("Link", "no link>; rel=next");
  CHECK(next_link(broken).empty());
}

TEST_CASE("a registry that searches, and one that has a catalogue only") {
  ScriptedServer server(
      {k_no_tls,
       {answer(
            200, "",
            R"({"results":[{"name":"app","description":"one\u001b[2J","star_count":7,"is_official":true},)"
            R"({"name":"no name"},{"name":"me/app"}]})"),
        answer(404),
        answer(200, "Link: </v2/_catalog?last=x>; rel=next\r\n",
               R"({"repositories":["a/app","b"]})"),
        answer(200, "", R"({"repositories":["c/app","<bad>app"]})")}});
  const linux::Cancellation cancellation;
  RegistryClient client({.credentials = Credentials{"u", "p", ""}}, cancellation);
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  const auto found = client.search(host, "app", 10, true);
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == host + "/app");
  CHECK(found[0].description == "one [2J");
  CHECK(found[0].stars == 7);
  CHECK(found[0].official);
  CHECK(found[1].name == host + "/me/app");
  CHECK(has(server.requests()[0], "GET /v1/search?q=app&n=10 "));
  const auto listed = client.search(host, "app", 10, true);
  REQUIRE(listed.size() == 2);
  CHECK(listed[1].name == host + "/c/app");
}
