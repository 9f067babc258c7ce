// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cli/format/template.hpp"
#include "cli/format/template_parser.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::cli::format {
namespace {

std::string render(std::string_view source, const Json& data = {}) {
  return Template(source, "t").execute(data);
}

std::string failure(std::string_view source, const Json& data = {},
                    const TemplateLimits& limits = {}) {
  try {
    Template(source, "t").execute(data, {}, limits);
  } catch (const Error& error) {
    CHECK(error.error_class() == ErrorClass::invalid_argument);
    return error.message();
  }
  return "no error";
}

}  // namespace

// The answers were recorded from Go's own text/template, with podman's functions added. Where only
// the wording of an error differs, the case says no more than that there must be one.
TEST_CASE("templates give what Go gives", "[template]") {
  const Json document =
      parse_json(linux::read_file(CORACLE_TEST_DATA "/cli/go_templates.json"), "go_templates.json");
  for (const Json& item : document["cases"]) {
    const auto source = item["template"].get<std::string>();
    const Json& data = item.contains("data") ? item["data"] : document["data"];
    INFO(source);
    if (item.contains("output")) {
      CHECK(render(source, data) == item["output"].get<std::string>());
    } else if (item["error"].is_string()) {
      CHECK(failure(source, data) == item["error"].get<std::string>());
    } else {
      CHECK(failure(source, data) != "no error");
    }
  }
}

TEST_CASE("what newer releases of Go added works too", "[template]") {
  CHECK(render("{{range 3}}{{.}}{{end}}") == "012");
  CHECK(render("{{range $i := 2}}{{$i}};{{else}}none{{end}}") == "0;1;");
  CHECK(render("{{range 0}}x{{else}}none{{end}}") == "none");
  CHECK(render("{{with 0}}a{{else with 5}}b{{.}}{{else}}c{{end}}") == "b5");
}

TEST_CASE("an error names template, line and column", "[template]") {
  CHECK(failure("a\nb {{.Name.X}}", {{"Name", "web"}}) ==
        "template: t:2:9: executing \"t\" at <.Name.X>: can't evaluate field X in type string");
  CHECK(failure("x\n\n{{nope}}") == "template: t:3: function \"nope\" not defined");
}

TEST_CASE("what a template may cost is limited", "[template]") {
  SECTION("steps") {
    CHECK_THAT(failure("{{range 1000000000}}{{end}}"), Catch::Contains("too many steps"));
    CHECK_THAT(failure("{{range 100000}}{{range 100000}}{{end}}{{end}}"),
               Catch::Contains("too many steps"));
  }
  SECTION("output") {
    CHECK_THAT(failure("{{range 100}}0123456789{{end}}", {}, {.output_bytes = 500}),
               Catch::Contains("output is too long"));
    CHECK_THAT(failure("{{range 1000000}}{{printf \"%999999d\" 1}}{{end}}"),
               Catch::Contains("too"));
  }
  SECTION("recursion of templates") {
    CHECK_THAT(failure("{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}"),
               Catch::Contains("exceeded maximum template depth"));
  }
  SECTION("nesting") {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "{{if 1}}";
    CHECK_THAT(failure(deep), Catch::Contains("nested too deep"));
    CHECK_THAT(failure("{{" + std::string(100'000, '(') + "1" + std::string(100'000, ')') + "}}"),
               Catch::Contains("nested too deep"));
  }
  SECTION("chains are not nesting") {
    std::string chain = "{{if 0}}";
    for (int i = 0; i < 50; ++i) chain += "{{else if 0}}";
    CHECK(render(chain + "{{else}}x{{end}}") == "x");
  }
}

TEST_CASE("variables of a definition are its own", "[template]") {
  CHECK_THAT(failure("{{$x := 1}}{{define \"a\"}}{{$x}}{{end}}{{template \"a\"}}"),
             Catch::Contains("undefined variable"));
  CHECK(render("{{define \"a\"}}{{$x := .}}{{$x}}{{end}}{{$x := 1}}{{template \"a\" 2}}{{$x}}") ==
        "21");
}

TEST_CASE("Go literals are read exactly", "[template]") {
  CHECK(parse_go_number("-0x8000000000000000").get<std::int64_t>() == INT64_MIN);
  CHECK(parse_go_number("0b11_11").get<std::int64_t>() == 15);
  CHECK(parse_go_number("1e3").get<double>() == 1000.0);
  CHECK_THROWS_AS(parse_go_number("9223372036854775808"), Error);
  CHECK_THROWS_AS(parse_go_number("0x"), Error);
  CHECK_THROWS_AS(parse_go_number(""), Error);
  CHECK(unquote_go_string(R"("a\x41\101\u00e9\n")") == "aAA\u00e9\n");
  CHECK(unquote_go_string("`a\\n\r`") == "a\\n");
  CHECK_THROWS_AS(unquote_go_string(R"("\')"), Error);
  CHECK_THROWS_AS(unquote_go_string("\""), Error);
  CHECK(unquote_go_character("'\\U0001F600'") == 0x1f600);
  CHECK_THROWS_AS(unquote_go_character("''"), Error);
}

}  // namespace coracle::cli::format
