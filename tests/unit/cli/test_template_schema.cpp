// SPDX-License-Identifier: Apache-2.0
// Data that is more than its JSON: records, string maps, times, computed members, headings.
#include <array>
#include <catch2/catch.hpp>

#include "cli/format/template.hpp"
#include "cli/format/template_value.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"

namespace coracle::cli::format {
namespace {

constexpr auto k_rules = std::to_array<MemberRule>({
    {"Labels", MemberKind::string_map},
    {"Config.Data", MemberKind::map},
    {"Mounts", MemberKind::list},
    {"State.Health", MemberKind::pointer},
    {"Created", MemberKind::time},
    {"Interval", MemberKind::duration},
});

Value label_of(const Value& receiver, std::span<const Value> arguments) {
  const Value label = receiver.member("Labels").entry(arguments[0].text());
  return label.missing() ? Value(std::string()) : label;
}

const std::array<Method, 1> k_methods = {{{"Label", 1, label_of}}};

const Schema k_schema = {
    .type_name = "container", .members = k_rules, .methods = k_methods, .records = true};

const Json& container() {
  static const Json json = parse_json(R"({
    "Id": "abc", "Labels": {"b": "2", "a": "1"}, "Empty": {},
    "Created": "2026-11-20T08:15:30.5Z", "Interval": 90000000000,
    "State": {"Status": "running", "Pid": 7}, "Config": {"Data": {"x": "y"}, "Env": ["A=1"]}})",
                                      "test");
  return json;
}

std::string render(std::string_view source) {
  return Template(source, "ps").execute(container(), k_schema);
}

std::string failure(std::string_view source) {
  try {
    render(source);
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

}  // namespace

TEST_CASE("records refuse fields they do not have", "[template]") {
  CHECK(
      failure("{{.Nope}}") ==
      "template: ps:1:2: executing \"ps\" at <.Nope>: can't evaluate field Nope in type container");
  CHECK_THAT(failure("{{.State.Nope}}"), Catch::Contains("can't evaluate field Nope"));
  CHECK(render("{{.State.Status}}") == "running");
}

TEST_CASE("maps inside of records have any key", "[template]") {
  CHECK(render("{{.Labels.a}}{{.Labels.zz}}") == "1<no value>");
  CHECK(render("{{index .Labels \"a\"}}{{index .Labels \"zz\"}}|") == "1|");
  CHECK(render("{{.Config.Data.nope}}") == "<no value>");
  CHECK(render("{{range $k, $v := .Labels}}{{$k}}{{$v}}{{end}}") == "a1b2");
}

TEST_CASE("members with a rule may be absent", "[template]") {
  CHECK(render("{{.Mounts}} {{len .Mounts}}{{range .Mounts}}x{{end}}") == "[] 0");
  CHECK(render("{{.State.Health}}{{if .State.Health}}x{{end}}") == "<nil>");
  CHECK_THAT(failure("{{.State.Health.Status}}"), Catch::Contains("nil pointer evaluating"));
}

TEST_CASE("times and durations print as Go prints them", "[template]") {
  CHECK(render("{{.Created}}") == "2026-11-20 08:15:30.5 +0000 UTC");
  CHECK(render("{{json .Created}}") == "\"2026-11-20T08:15:30.5Z\"");
  CHECK(render("{{.Interval}} {{json .Interval}}") == "1m30s 90000000000");
}

TEST_CASE("records print and marshal in the order of their members", "[template]") {
  CHECK(render("{{.State}}") == "{running 7}");
  CHECK(render("{{printf \"%+v\" .State}}") == "{Status:running Pid:7}");
  CHECK(render("{{json .State}} {{json .Labels}}") ==
        R"({"Status":"running","Pid":7} {"a":"1","b":"2"})");
}

TEST_CASE("computed members take arguments", "[template]") {
  CHECK(render("{{.Label \"b\"}}{{.Label \"zz\"}}|{{\"a\" | .Label}}") == "2|1");
  CHECK_THAT(failure("{{.Label}}"),
             Catch::Contains("wrong number of args for Label: want 1 got 0"));
  CHECK_THAT(failure("{{.Id \"x\"}}"), Catch::Contains("has arguments"));
}

TEST_CASE("fields are found without regard to case when asked to", "[template]") {
  Schema schema = k_schema;
  CHECK_THAT(failure("{{.ID}}"), Catch::Contains("can't evaluate field ID"));
  schema.fold_case = true;
  CHECK(Template("{{.ID}} {{.state.STATUS}}", "ps").execute(container(), schema) == "abc running");
}

TEST_CASE("folded names are found in spite of underscores, with their rules", "[template]") {
  constexpr auto k_snake = std::to_array<MemberRule>({{"ipam_options", MemberKind::string_map},
                                                      {"routes", MemberKind::list},
                                                      {"lease_range.start_ip", MemberKind::pointer},
                                                      {"created_at", MemberKind::time}});
  const Schema schema = {
      .type_name = "network", .members = k_snake, .records = true, .fold_case = true};
  const Json json = parse_json(R"({"network_interface": "br0", "ipam_options": {"driver": "none"},
    "created_at": "2026-11-20T08:15:30Z", "lease_range": {}, "IPAM": 1, "ipam": 2})",
                               "test");
  const auto render = [&](std::string_view source) {
    return Template(source, "ls").execute(json, schema);
  };
  CHECK(render("{{.NetworkInterface}} {{.network_interface}}") == "br0 br0");
  CHECK(render("{{.IPAMOptions}} {{.Routes}}") == "map[driver:none] []");
  CHECK(render("{{.LeaseRange.StartIP}}") == "<nil>");
  CHECK_THAT(render("{{.CreatedAt}}"), Catch::StartsWith("2026-11-20 "));
  // A name that is there is no other one.
  CHECK(render("{{.IPAM}} {{.ipam}}") == "1 2");
  CHECK_THROWS_AS(render("{{.NetworkInterfaces}}"), Error);
}

TEST_CASE("an array of rows gives rows to range", "[template]") {
  const Json rows = Json::array({container(), container()});
  CHECK(Template("{{range .}}{{.Id}}{{.Label \"a\"}};{{end}}", "ps").execute(rows, k_schema) ==
        "abc1;abc1;");
}

TEST_CASE("headings take the place of values", "[template]") {
  Schema schema;
  schema.headings = true;
  const Json titles = {{"ID", "CONTAINER ID"}};
  const auto heading = [&](std::string_view source) {
    return Template(source, "ps").execute(titles, schema);
  };
  CHECK(heading("{{.ID}}\t{{.RestartCount}}\t{{.Names | upper}}") ==
        "CONTAINER ID\tRESTART COUNT\tNAMES");
  CHECK(heading("{{json .Mounts}} {{.Labels.foo}} {{.Label \"x\"}} {{join .Names \",\"}}") ==
        "MOUNTS FOO LABEL NAMES");
  CHECK(heading("{{if .Pod}}{{truncate .Pod 3}}{{end}}") == "POD");
}

TEST_CASE("headings take names apart at the humps", "[template]") {
  CHECK(heading_of("ContainerID") == "CONTAINER ID");
  CHECK(heading_of("IDMap") == "ID MAP");
  CHECK(heading_of("ID") == "ID");
  CHECK(heading_of("CreatedAt") == "CREATED AT");
  CHECK(heading_of("") == "");
}

}  // namespace coracle::cli::format
