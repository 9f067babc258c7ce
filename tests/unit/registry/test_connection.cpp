// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "registry/http/connection.hpp"
#include "support/errors.hpp"

using namespace coracle;
using namespace coracle::registry;
using test::error_of;

namespace {

/// Answers what it is told to, a few bytes at a time, and keeps what it is sent.
class ScriptedStream final : public Stream {
 public:
  ScriptedStream(std::string answer, std::string& sent, std::size_t step = 7)
      : answer_(std::move(answer)), sent_(sent), step_(step) {}
  std::size_t read_some(void* data, std::size_t size) override {
    const std::size_t count = std::min({size, step_, answer_.size() - position_});
    answer_.copy(static_cast<char*>(data), count, position_);
    position_ += count;
    return count;
  }
  std::size_t write_some(const void* data, std::size_t size) override {
    sent_.append(static_cast<const char*>(data), std::min<std::size_t>(size, 5));
    return std::min<std::size_t>(size, 5);
  }
  Socket& socket() override { throw Error(ErrorClass::internal, "there is no socket"); }

 private:
  std::string answer_;
  std::string& sent_;
  std::size_t step_;
  std::size_t position_ = 0;
};

struct Talk {
  explicit Talk(const std::string& answer, std::size_t step = 7)
      : connection(std::make_unique<ScriptedStream>(answer, sent, step)) {}
  std::string read_body() {
    std::string body;
    char buffer[10];
    while (const auto got = connection.read_body(buffer, sizeof buffer)) body.append(buffer, got);
    return body;
  }
  std::string sent;
  HttpConnection connection;
};

}  // namespace

TEST_CASE("requests are written as they should be") {
  Talk talk("");
  RequestHead head;
  head.method = "PUT";
  head.target = "/v2/a?b=c";
  head.fields.add("Host", "r.example");
  head.fields.add("Content-Length", "5");
  talk.connection.send(head, "hel");
  talk.connection.send_body("lo");
  CHECK(talk.sent == "PUT /v2/a?b=c HTTP/1.1\r\nHost: r.example\r\nContent-Length: 5\r\n\r\nhello");
  head.fields.set("Authorization", "Bearer x\r\nX-Evil: 1");
  CHECK(error_of([&] { talk.connection.send(head); }).error_class() ==
        ErrorClass::invalid_argument);
}

TEST_CASE("answers with a length, in chunks, until the end, and without a body") {
  Talk talk(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a\r\nx-two: b\r\n\r\nhello"
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 206 Partial Content\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
      "HTTP/1.1 204 No Content\r\n\r\n"
      "HTTP/1.0 200 OK\r\n\r\nto the end");
  ResponseHead head = talk.connection.receive(false);
  CHECK(head.status == 200);
  CHECK(head.content_length() == 5U);
  CHECK(head.fields.get("X-TWO") == "a");
  CHECK(head.fields.get_all("x-two").size() == 2);
  CHECK_FALSE(talk.connection.is_reusable());
  CHECK(talk.read_body() == "hello");
  CHECK(talk.connection.is_reusable());
  head = talk.connection.receive(false);
  CHECK(head.status == 206);
  CHECK(talk.read_body() == "abc0123456789abcdef");
  head = talk.connection.receive(true);
  CHECK(head.content_length() == 1000U);
  CHECK(talk.read_body().empty());
  CHECK(talk.connection.is_reusable());
  CHECK(talk.connection.receive(false).status == 204);
  CHECK(talk.connection.is_reusable());
  CHECK(talk.connection.receive(false).status == 200);
  CHECK(talk.read_body() == "to the end");
  CHECK_FALSE(talk.connection.is_reusable());
}

TEST_CASE("a body that is cut off is an error") {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    Talk talk(answer);
    talk.connection.receive(false);
    CHECK(error_of([&] { talk.read_body(); }).error_class() == ErrorClass::unavailable);
    CHECK_FALSE(talk.connection.is_reusable());
  }
}

TEST_CASE("what is no answer") {
  const auto error_for = [](const std::string& answer) {
    Talk talk(answer, 4096);
    return error_of([&] { talk.connection.receive(false); });
  };
  CHECK(error_for("").error_class() == ErrorClass::unavailable);
  CHECK(error_for("HTTP/1.1 200 OK\r\nX: ").error_class() == ErrorClass::unavailable);
  CHECK(error_for("SSH-2.0-OpenSSH\r\n").describe().find("not HTTP") != std::string::npos);
  CHECK(error_for("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n").error_class() ==
        ErrorClass::invalid_argument);
  CHECK(error_for("HTTP/1.1 200 OK\r\nX: " + std::string(10 << 20, 'x') + "\r\n\r\n")
            .describe()
            .find("too large") != std::string::npos);
}
