// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/strings.hpp"

using namespace coracle;
using Strings = std::vector<std::string>;

TEST_CASE("split, split_once, join, trim") {
  CHECK(split("a,,b", ',') == Strings{"a", "", "b"});
  CHECK(split("", ',') == Strings{""});
  CHECK(split("a,", ',') == Strings{"a", ""});
  CHECK(split_once("k=v=w", '=')->first == "k");
  CHECK(split_once("k=v=w", '=')->second == "v=w");
  CHECK_FALSE(split_once("k", '='));
  CHECK(join({"a", "", "b"}, ", ") == "a, , b");
  CHECK(join({}, ",").empty());
  CHECK(trim(" \t\r\na b\n ") == "a b");
  CHECK(trim(" \n").empty());
}

TEST_CASE("whole numbers and nothing else") {
  CHECK(parse_int("0") == 0);
  CHECK(parse_int("-12") == -12);
  CHECK(parse_int("+12") == 12);
  CHECK(parse_int("9223372036854775807") == INT64_MAX);
  CHECK(parse_int("0755", 8) == 0755);
  CHECK(parse_int("ff", 16) == 255);
  for (const char* text :
       {"", " 1", "1 ", "+-1", "++1", "1.0", "0x1", "9223372036854775808", "-", "1a"}) {
    INFO(text);
    CHECK_FALSE(parse_int(text));
  }
}

TEST_CASE("sizes as docker reads them") {
  CHECK(parse_size("10") == 10);
  CHECK(parse_size("10b") == 10);
  CHECK(parse_size("10k") == 10240);
  CHECK(parse_size("10KB") == 10240);
  CHECK(parse_size("1.5m") == 1572864);
  CHECK(parse_size("2GiB") == 2147483648);
  CHECK(parse_size("1t") == 1099511627776);
  for (const char* text :
       {"", "k", "-1", "1x", "1kk", "1 k k", "1e3", "nan", "inf", ".5", "99999999999g"}) {
    INFO(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("truth as Go reads it") {
  for (const char* text : {"1", "t", "T", "TRUE", "true", "True"}) CHECK(parse_bool(text) == true);
  for (const char* text : {"0", "f", "F", "FALSE", "false", "False"})
    CHECK(parse_bool(text) == false);
  for (const char* text : {"", "yes", "tRUE", "2"}) CHECK_FALSE(parse_bool(text));
}

TEST_CASE("comma separated values with quotes") {
  CHECK(split_csv("type=bind,source=/a") == Strings{"type=bind", "source=/a"});
  CHECK(split_csv("\"source=/a,b\",x") == Strings{"source=/a,b", "x"});
  CHECK(split_csv("\"say \"\"hi\"\"\"") == Strings{"say \"hi\""});
}

TEST_CASE("the nearest word, if it is near") {
  const Strings commands = {"images", "import", "inspect", "run", "rm"};
  CHECK(nearest_match("imagse", commands) == "images");
  CHECK(nearest_match("rn", commands).has_value());
  CHECK_FALSE(nearest_match("completely-else", commands));
  CHECK_FALSE(nearest_match("run", {}));
}

TEST_CASE("hexadecimal digits, cases") {
  CHECK(is_hex("09af"));
  CHECK_FALSE(is_hex("09ag"));
  CHECK_FALSE(is_hex("AF"));
  CHECK(to_lower("AbC") == "abc");
  CHECK(to_upper("AbC") == "ABC");
}
