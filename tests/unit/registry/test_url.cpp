// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "registry/http/url.hpp"

using namespace coracle;
using namespace coracle::registry;

TEST_CASE("URLs are taken apart and put together") {
  const Url url = parse_url("HTTPS://Registry.Example:8443/v2/?n=1#part");
  CHECK(url.secure);
  CHECK(url.host == "registry.example");
  CHECK(url.port == 8443);
  CHECK(url.target == "/v2/?n=1");
  CHECK(url.str() == "https://registry.example:8443/v2/?n=1");
  CHECK(parse_url("http://a").str() == "http://a/");
  CHECK(parse_url("http://a:80/x").authority() == "a");
  CHECK(parse_url("https://a:80").authority() == "a:80");
  CHECK(parse_url("http://[::1]:5000/x").authority() == "[::1]:5000");
  CHECK(parse_url("http://[::1]/x").host == "::1");
  CHECK(parse_url("http://a?q").target == "/?q");
  CHECK(url_of_host("localhost:5000", false).str() == "http://localhost:5000/");
}

TEST_CASE("what is no URL is refused") {
  for (const char* text : {"", "a", "ftp://a/", "http://", "http:///x", "http://a:0/",
                           "http://a:70000/", "http://a:x/", "http://user:secret@a/",
                           "http://[::1/", "http://a/ b", "http://a/\r\nX: y", "//a/b"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_url(text), Error);
  }
  CHECK_THROWS_AS(parse_url("http://a/" + std::string(70'000, 'x')), Error);
}

TEST_CASE("relative references") {
  const Url base = parse_url("https://r.example/v2/app/blobs/uploads/1?state=a");
  CHECK(base.resolve("/v2/x").str() == "https://r.example/v2/x");
  CHECK(base.resolve("2?state=b").str() == "https://r.example/v2/app/blobs/uploads/2?state=b");
  CHECK(base.resolve("?state=b").str() == "https://r.example/v2/app/blobs/uploads/1?state=b");
  CHECK(base.resolve("../x").str() == "https://r.example/v2/app/blobs/x");
  CHECK(base.resolve("/../../x/.").str() == "https://r.example/x/");
  CHECK(base.resolve("//other.example/y").str() == "https://other.example/y");
  CHECK(base.resolve("http://other.example:81/y?a=b:c").str() == "http://other.example:81/y?a=b:c");
  CHECK(base.resolve("").target == base.target);
  CHECK_THROWS_AS(base.resolve("javascript:x"), Error);
  CHECK_THROWS_AS(base.resolve("/a\nb"), Error);
}

TEST_CASE("origins and queries") {
  CHECK(parse_url("https://a/x").same_origin(parse_url("https://a:443/y")));
  CHECK_FALSE(parse_url("https://a/x").same_origin(parse_url("http://a/x")));
  CHECK_FALSE(parse_url("https://a/x").same_origin(parse_url("https://a:444/x")));
  std::string target = "/token";
  add_query(target, "service", "registry.docker.io");
  add_query(target, "scope", "repository:a/b:pull,push");
  CHECK(target == "/token?service=registry.docker.io&scope=repository%3Aa%2Fb%3Apull%2Cpush");
}
