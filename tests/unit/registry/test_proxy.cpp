// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "registry/http/proxy.hpp"
#include "support/errors.hpp"

using namespace coracle;
using namespace coracle::registry;
using test::error_of;
using test::has;

namespace {

bool is_direct(const std::string& no_proxy, const std::string& url) {
  const config::ProxySettings settings{"http://proxy.example:3128", "proxy.example:3129", no_proxy};
  return !proxy_for(settings, parse_url(url)).has_value();
}

}  // namespace

TEST_CASE("the scheme chooses the proxy") {
  const config::ProxySettings settings{"http://me:secret@plain.example:3128", "secure.example", ""};
  const auto plain = proxy_for(settings, parse_url("http://a.example/"));
  REQUIRE(plain);
  CHECK(plain->url.str() == "http://plain.example:3128/");
  CHECK(plain->authorization == "Basic bWU6c2VjcmV0");
  const auto secure = proxy_for(settings, parse_url("https://a.example/"));
  REQUIRE(secure);
  CHECK(secure->url.str() == "http://secure.example/");
  CHECK(secure->authorization.empty());
  CHECK_FALSE(proxy_for({}, parse_url("https://a.example/")));
}

TEST_CASE("who is asked directly") {
  CHECK(is_direct("", "http://localhost:5000/"));
  CHECK(is_direct("", "http://127.0.0.1/"));
  CHECK(is_direct("", "http://127.1.2.3/"));
  CHECK(is_direct("", "http://[::1]:5000/"));
  CHECK_FALSE(is_direct("", "http://10.0.0.1/"));
  CHECK(is_direct("*", "https://any.example/"));
  CHECK(is_direct("other, example.org ", "https://example.org/"));
  CHECK(is_direct("example.org", "https://a.b.example.org/"));
  CHECK_FALSE(is_direct("example.org", "https://notexample.org/"));
  CHECK(is_direct(".example.org", "https://a.example.org/"));
  CHECK(is_direct("*.example.org", "https://a.example.org/"));
  CHECK_FALSE(is_direct(".example.org", "https://example.org/"));
  CHECK(is_direct("Example.ORG:8443", "https://example.org:8443/"));
  CHECK_FALSE(is_direct("example.org:8443", "https://example.org/"));
  CHECK(is_direct("10.0.0.0/8", "http://10.20.30.40/"));
  CHECK_FALSE(is_direct("10.0.0.0/8", "http://11.0.0.1/"));
  CHECK(is_direct("192.0.2.0/25", "http://192.0.2.127/"));
  CHECK_FALSE(is_direct("192.0.2.0/25", "http://192.0.2.128/"));
  CHECK(is_direct("2001:db8::/33", "http://[2001:db8:7fff::1]/"));
  CHECK_FALSE(is_direct("2001:db8::/33", "http://[2001:db8:8000::1]/"));
  CHECK(is_direct("10.0.0.1:80", "http://10.0.0.1/"));
  CHECK_FALSE(is_direct("10.0.0.0/99", "http://10.0.0.1/"));
}

TEST_CASE("a proxy that is none is named without its password") {
  const config::ProxySettings settings{"socks5://me:secret@proxy.example", "", ""};
  const Error error = error_of([&] { proxy_for(settings, parse_url("http://a.example/")); });
  CHECK(has(error.describe(), "proxy.example"));
  CHECK_FALSE(has(error.describe(), "secret"));
}

TEST_CASE("passwords of proxies") {
  const auto authorization = [](const std::string& text) {
    config::ProxySettings settings;
    settings.http = text;
    return proxy_for(settings, parse_url("http://a.test/"))->authorization;
  };
  CHECK(authorization("http://me:p%40ss@proxy.test") == "Basic bWU6cEBzcw==");
  CHECK(authorization("http://me:p@ss@proxy.test:3128/") == "Basic bWU6cEBzcw==");
  CHECK(authorization("me:100%@proxy.test") == "Basic bWU6MTAwJQ==");
  const Error error = error_of([&] { authorization("http://me:secret/word@proxy.test"); });
  CHECK(error.error_class() == ErrorClass::invalid_argument);
  CHECK_FALSE(has(error.describe(), "secret"));
}
