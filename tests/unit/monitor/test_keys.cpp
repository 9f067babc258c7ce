// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/monitor/attach.hpp"
#include "monitor/keys.hpp"

using namespace coracle;
using monitor::KeyFilter;
using monitor::parse_detach_keys;

TEST_CASE("detach keys are parsed as podman and docker do") {
  CHECK(parse_detach_keys("") == "");
  CHECK(parse_detach_keys("ctrl-p,ctrl-q") == "\x10\x11");
  CHECK(parse_detach_keys("a,Z,1") == "aZ1");
  CHECK(parse_detach_keys("ctrl-@") == std::string(1, '\0'));
  CHECK(parse_detach_keys("ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_") == "\x1b\x1c\x1d\x1e\x1f");
  for (const char* bad : {"ctrl-", "ctrl-P", "ctrl-ab", "ab", "ctrl-1", "a,,b", ","}) {
    INFO(bad);
    CHECK_THROWS_AS(parse_detach_keys(bad), Error);
  }
}

TEST_CASE("keys pass until the whole sequence is typed") {
  KeyFilter filter("\x10\x11");
  std::string out;
  CHECK_FALSE(filter.feed("abc", out));
  CHECK(out == "abc");
  SECTION("at once") {
    CHECK(filter.feed("d\x10\x11", out));
    CHECK(out == "abcd");
  }
  SECTION("key by key") {
    CHECK_FALSE(filter.feed("\x10", out));
    CHECK(out == "abc");
    CHECK(filter.feed("\x11", out));
    CHECK(out == "abc");
  }
  SECTION("a beginning that comes to nothing is passed on") {
    CHECK_FALSE(filter.feed("\x10x", out));
    CHECK(out == "abc\x10x");
  }
  SECTION("the first key twice") {
    CHECK_FALSE(filter.feed("\x10\x10", out));
    CHECK(out == "abc\x10");
    CHECK(filter.feed("\x11", out));
    CHECK(out == "abc\x10");
  }
}

TEST_CASE("a sequence that overlaps with itself is found") {
  KeyFilter filter("aab");
  std::string out;
  CHECK(filter.feed("xaaab", out));
  CHECK(out == "xa");
}

TEST_CASE("without a sequence everything passes") {
  KeyFilter filter("");
  std::string out;
  CHECK_FALSE(filter.feed("\x10\x11", out));
  CHECK(out == "\x10\x11");
}
