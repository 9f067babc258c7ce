// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <catch2/catch.hpp>

#include "cli/format/listing.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"

namespace coracle::cli::format {
namespace {

constexpr auto k_headings = std::to_array<Heading>({{"ID", "IMAGE ID"}});

const ListingStyle k_style = {.command = "images",
                              .columns = "{{.Repository}}\t{{.ID}}\t{{.Size}}",
                              .schema = {.type_name = "image", .records = true},
                              .headings = k_headings};

const Json& rows() {
  static const Json json = parse_json(
      R"([{"Repository":"localhost/base","ID":"abc","Size":"1.23 MB"},
          {"Repository":"x","ID":"def","Size":"4 B"}])",
      "test");
  return json;
}

std::string render(std::string_view format, bool headings = true) {
  return render_listing(rows(), k_style, {.format = format, .headings = headings});
}

}  // namespace

TEST_CASE("without a format the listing is a table", "[listing]") {
  CHECK(render("") ==
        "REPOSITORY      IMAGE ID    SIZE\n"
        "localhost/base  abc         1.23 MB\n"
        "x               def         4 B\n");
  CHECK(render("table") == render(""));
  CHECK(render("", false) ==
        "localhost/base  abc         1.23 MB\nx               def         4 B\n");
  CHECK(render_listing(Json::array(), k_style, {}) == "REPOSITORY  IMAGE ID    SIZE\n");
}

TEST_CASE("a table of chosen columns has their headings", "[listing]") {
  CHECK(render("table {{.ID}}\\t{{.Repository}}") ==
        "IMAGE ID    REPOSITORY\nabc         localhost/base\ndef         x\n");
  CHECK(render("table {{upper .ID}} {{.Size}}") == "IMAGE ID SIZE\nABC 1.23 MB\nDEF 4 B\n");
  CHECK(render("table {{.ID}}", false) == "abc\ndef\n");
}

TEST_CASE("a template prints a line for each row", "[listing]") {
  CHECK(render("{{.ID}}") == "abc\ndef\n");
  CHECK(render("{{.ID}}\\t{{.Size}}") == "abc\t1.23 MB\ndef\t4 B\n");
  CHECK(render("{{.ID}}\\n") == "abc\ndef\n");
  CHECK(render("{{printf \"%s\\t|\" .ID}}") == "abc\t|\ndef\t|\n");
  CHECK(render("") != render("{{.ID}}"));
}

TEST_CASE("a template may range over the rows itself", "[listing]") {
  CHECK(render("{{range .}}{{.ID}},{{end}}") == "abc,def,\n");
  CHECK(render("{{- range $i, $row := . -}}{{$i}}{{$row.ID}} {{end}}") == "0abc 1def \n");
}

TEST_CASE("JSON is one array, and one line a row by template", "[listing]") {
  CHECK(parse_json(render("json"), "test") == rows());
  CHECK(render("{{json .ID}}") == "\"abc\"\n\"def\"\n");
  const std::string lines = render("{{json .}}");
  CHECK(std::ranges::count(lines, '\n') == 2);
  CHECK(render_listing(Json::array(), k_style, {.format = "json"}) == "[]\n");
  CHECK(render_listing(Json::array(), k_style, {.format = "{{json .}}"}).empty());
}

TEST_CASE("a bad template is an error that names the command", "[listing]") {
  CHECK_THROWS_WITH(render("{{.Nope}}"), Catch::StartsWith("template: images:1:2: executing"));
  CHECK_THROWS_WITH(render("{{"), Catch::StartsWith("template: images:1: unclosed action"));
}

TEST_CASE("one object is printed with a newline behind", "[listing]") {
  const Json object = {{"A", 1}};
  CHECK(render_object(object, "{{.A}}", "inspect") == "1\n");
  CHECK(render_object(object, "{{.A}}\n", "inspect") == "1\n");
  CHECK(render_object(object, "json", "inspect") == "{\n    \"A\": 1\n}\n");
}

}  // namespace coracle::cli::format
