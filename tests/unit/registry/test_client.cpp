// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "registry/http/client.hpp"
#include "registry/http/retry.hpp"
#include "registry/http/status_error.hpp"
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

struct Fixture {
  Fixture() { settings.patience = 3s; }
  HttpClient& client() {
    if (!made) made = std::make_unique<HttpClient>(settings, "", cancellation);
    return *made;
  }
  HttpRequest request(std::uint16_t port, const std::string& target = "/") const {
    HttpRequest request;
    request.url = url_of_host("127.0.0.1:" + std::to_string(port), false);
    request.url.target = target;
    return request;
  }
  linux::Cancellation cancellation;
  config::HttpSettings settings;
  std::unique_ptr<HttpClient> made;
};

}  // namespace

TEST_CASE("a connection is used again, and replaced when the server has closed it") {
  ScriptedServer server(
      {{answer(200, "", "one"), answer(200, "", "two")}, {answer(200, "", "three")}});
  Fixture f;
  for (const char* expected : {"one", "two", "three"}) {
    CHECK(f.client().request(f.request(server.port())).text(100) == expected);
    // Until the end of the first connection has come.
    std::this_thread::sleep_for(50ms);
  }
}

TEST_CASE("redirects are followed, without credentials to other hosts") {
  ScriptedServer other({{answer(200, "", "there")}});
  const std::string target = "http://127.0.0.1:" + std::to_string(other.port()) + "/blob?x=1";
  ScriptedServer server(
      {{answer(307, "Location: /second\r\n"), answer(302, "Location: " + target + "\r\n")}});
  Fixture f;
  HttpRequest request = f.request(server.port());
  request.fields.add("Authorization", "Bearer secret");
  HttpResponse response = f.client().request(std::move(request));
  CHECK(response.text(100) == "there");
  CHECK(response.url().str() == target);
  REQUIRE(server.requests().size() == 2);
  CHECK(has(server.requests()[1], "GET /second "));
  CHECK(has(server.requests()[1], "Authorization: Bearer secret"));
  CHECK(has(other.requests().at(0), "GET /blob?x=1 "));
  CHECK_FALSE(has(other.requests().at(0), "Authorization"));
}

TEST_CASE("redirects that never end, or lead to nowhere") {
  const std::string again = answer(302, "Location: /\r\n");
  ScriptedServer server({std::vector<std::string>(11, again),
                         {answer(302, "Location: ftp://x/\r\n")},
                         {answer(302)}});
  Fixture f;
  CHECK(has(error_of([&] { f.client().request(f.request(server.port())); }).describe(),
            "redirects again and again"));
  CHECK(error_of([&] { f.client().request(f.request(server.port())); }).error_class() ==
        ErrorClass::invalid_argument);
  // Without a Location it is an answer as any other.
  CHECK(f.client().request(f.request(server.port())).status() == 302);
}

TEST_CASE("a POST becomes a GET where the standard says so") {
  ScriptedServer server({{answer(303, "Location: /see\r\n"), answer(200)},
                         {answer(307, "Location: /again\r\n"), answer(200)}});
  Fixture f;
  for (int i = 0; i < 2; ++i) {
    HttpRequest request = f.request(server.port());
    request.method = "POST";
    request.body = "content";
    f.client().request(std::move(request));
    f.made.reset();
  }
  const auto requests = server.requests();
  REQUIRE(requests.size() == 4);
  CHECK(has(requests[1], "GET /see "));
  CHECK_FALSE(has(requests[1], "content"));
  CHECK(has(requests[3], "POST /again "));
  CHECK(has(requests[3], "content"));
}

TEST_CASE("what the server says of a failure") {
  ScriptedServer server(
      {{answer(404, "", R"({"errors":[{"code":"NAME_UNKNOWN","message":"no\u001bsuch thing"}]})"),
        answer(429, "Retry-After: 7\r\n"), answer(500, "", "<html>")}});
  Fixture f;
  auto response = std::make_unique<HttpResponse>(f.client().request(f.request(server.port())));
  const StatusError missing(*response, "looking");
  CHECK(missing.error_class() == ErrorClass::not_found);
  CHECK(has(missing.describe(), "looking: 127.0.0.1:"));
  CHECK(has(missing.describe(), "status 404: name_unknown: no such thing"));
  response.reset();
  response = std::make_unique<HttpResponse>(f.client().request(f.request(server.port())));
  const StatusError busy(*response, "looking");
  CHECK(busy.error_class() == ErrorClass::unavailable);
  CHECK(busy.retry_after() == 7s);
  response.reset();
  response = std::make_unique<HttpResponse>(f.client().request(f.request(server.port())));
  const StatusError broken(*response, "looking");
  CHECK(broken.error_class() == ErrorClass::unavailable);
  CHECK_FALSE(broken.retry_after());
}

TEST_CASE("Retry-After in seconds and as a date") {
  CHECK(parse_retry_after("3") == 3s);
  CHECK(parse_retry_after(" 0 ") == 0s);
  CHECK_FALSE(parse_retry_after("-1"));
  CHECK_FALSE(parse_retry_after(""));
  CHECK_FALSE(parse_retry_after("soon"));
  CHECK(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0s);
  CHECK(parse_retry_after("Fri, 21 Oct 2165 07:28:00 GMT") > 700h);
  CHECK(parse_retry_after("9223372036854775807") < 1000h);
  CHECK(parse_retry_after("Fri, 21 Oct 9165 07:28:00 GMT") < 1000h);
}

TEST_CASE("what may pass is tried again, as often as wanted") {
  const linux::Cancellation cancellation;
  std::vector<std::string> notices;
  RetryPolicy policy{2, 1ms, [&](std::string_view text) { notices.emplace_back(text); }};
  int calls = 0;
  const auto fail = [&](ErrorClass kind, int good_at) {
    calls = 0;
    return with_retries(policy, cancellation, [&] {
      if (++calls < good_at) throw Error(kind, "not yet");
      return calls;
    });
  };
  CHECK(fail(ErrorClass::unavailable, 3) == 3);
  REQUIRE(notices.size() == 2);
  CHECK(notices[1] == "failed, retrying in 0.0s ... (2/2): not yet");
  CHECK_THROWS_AS(fail(ErrorClass::unavailable, 4), Error);
  CHECK(calls == 3);
  CHECK_THROWS_AS(fail(ErrorClass::not_found, 2), Error);
  CHECK(calls == 1);
}

TEST_CASE("waiting for the next attempt ends when it is cancelled") {
  linux::Cancellation cancellation;
  const RetryPolicy policy{5, std::chrono::hours(1), {}};
  std::thread later([&] {
    std::this_thread::sleep_for(20ms);
    cancellation.cancel();
  });
  CHECK_THROWS_AS(with_retries(policy, cancellation,
                               []() -> int { throw Error(ErrorClass::unavailable, "not yet"); }),
                  linux::Interrupted);
  later.join();
}

TEST_CASE("a body that is larger than it may be") {
  ScriptedServer server({{answer(200, "", std::string(1000, 'x'))}});
  Fixture f;
  CHECK(has(error_of([&] { f.client().request(f.request(server.port())).text(999); }).describe(),
            "more than 999 bytes"));
}
