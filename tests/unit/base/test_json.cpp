// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"

using namespace coracle;

namespace {

std::string error_of(std::string_view text) {
  try {
    (void)parse_json(text, "the text");
    return "";
  } catch (const Error& error) {
    return error.describe();
  }
}

}  // namespace

TEST_CASE("documents are bounded, and errors name their origin") {
  CHECK(error_of(R"({"a": [1, "x", null]})").empty());
  CHECK(error_of("{").starts_with("the text: "));
  CHECK_FALSE(error_of("").empty());
  CHECK_FALSE(error_of("{} x").empty());
  const auto nested = [](std::size_t depth) {
    return std::string(4096, ' ') + std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(error_of(nested(128)).empty());
  CHECK_FALSE(error_of(nested(129)).empty());
  std::string wide = "{";
  for (int i = 0; i < 20'001; ++i) wide += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  CHECK_FALSE(error_of(wide + "}").empty());
}

TEST_CASE("objects keep their order, bytes that are no UTF-8 are replaced") {
  CHECK(dump_json(parse_json(R"({"z":1,"a":{"y":2,"b":3}})", "x")) ==
        R"({"z":1,"a":{"y":2,"b":3}})");
  CHECK(dump_json(Json("a\xff"
                       "b")) ==
        "\"a\xef\xbf\xbd"
        "b\"");
  CHECK(dump_json_pretty(parse_json(R"({"a":[1]})", "x")) ==
        "{\n    \"a\": [\n        1\n    ]\n}");
}

TEST_CASE("typed members: missing and null fall back, others must fit") {
  const Json object =
      parse_json(R"({"s":"text","n":5,"b":true,"l":["a","b"],"m":{"k":"v"},"null":null})", "x");
  CHECK(json::get_string(object, "s") == "text");
  CHECK(json::get_string(object, "none", "fall back") == "fall back");
  CHECK(json::get_string(object, "null", "fall back") == "fall back");
  CHECK(json::get_int(object, "n") == 5);
  CHECK(json::get_bool(object, "b"));
  CHECK(json::get_strings(object, "l") == std::vector<std::string>{"a", "b"});
  CHECK(json::get_strings(object, "null").empty());
  CHECK(json::get_string_map(object, "m").at("k") == "v");
  CHECK_FALSE(json::get_optional_int(object, "none"));
  CHECK_THROWS_AS(json::get_string(object, "n"), Error);
  CHECK_THROWS_AS(json::get_strings(object, "s"), Error);
  CHECK_THROWS_AS(json::require_string(object, "none"), Error);
  Json out = Json::object();
  json::set_if(out, "empty", std::string());
  json::set_if(out, "false", false);
  json::set_if(out, "filled", std::string("x"));
  json::set_if(out, "number", std::optional<int>(3));
  CHECK(dump_json(out) == R"({"filled":"x","number":3})");
}
