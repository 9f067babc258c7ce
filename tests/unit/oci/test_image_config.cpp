// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/oci/image_config.hpp"
#include "data.hpp"

namespace coracle::oci {
namespace {

using test::error_of;
using test::read_data;
using test::replaced;

using Strings = std::vector<std::string>;

std::string config_of(const std::string& members) {
  return R"({"architecture":"amd64","os":"linux","config":{)" + members +
         R"(},"rootfs":{"type":"layers","diff_ids":[]}})";
}

ContainerConfig container_config(const std::string& members) {
  return parse_image_config(config_of(members), "c").config;
}

}  // namespace

TEST_CASE("a configuration by docker's classic builder") {
  const ImageConfig image = parse_image_config(read_data("config-docker-classic.json"), "c");
  CHECK(image.created == "2026-11-20T22:55:06.061802692Z");
  CHECK(to_string(image.platform()) == "linux/amd64");
  const ContainerConfig& config = image.config;
  CHECK(config.user == "1:2");
  CHECK(config.exposed_ports == std::set<std::string>{"53/udp"});
  CHECK(config.volumes == std::set<std::string>{"/v"});
  CHECK(config.entrypoint == Strings{"/f"});
  CHECK(config.cmd == Strings{});
  CHECK(config.env_value("A") == "x <y>");
  CHECK_FALSE(config.env_value("B"));
  CHECK_FALSE(config.env_value(""));
  CHECK(config.labels == std::map<std::string, std::string>{{"q", "1"}});
  CHECK(config.stop_signal == "9");
  CHECK(config.shell == Strings{"/bin/sh", "-c"});
  CHECK(config.on_build == Strings{"RUN y"});
  REQUIRE(config.healthcheck);
  CHECK(config.healthcheck->test == Strings{"CMD-SHELL", "true"});
  CHECK(config.healthcheck->interval == std::chrono::seconds(5));
  CHECK(config.healthcheck->retries == 2);
  CHECK(image.diff_ids.size() == 1);
  REQUIRE(image.history.size() == 12);
  CHECK_FALSE(image.history[0].empty_layer);
  CHECK(image.history[1].empty_layer);
  CHECK(image.history[1].created_by == "/bin/sh -c #(nop)  ENV A=x <y>");
}

TEST_CASE("a configuration by BuildKit") {
  const ImageConfig image = parse_image_config(read_data("config-buildkit.json"), "c");
  CHECK(image.variant == "v8");
  CHECK(to_string(image.platform()) == "linux/arm64");
  CHECK(image.config.args_escaped);
  CHECK(image.config.working_dir == "/app");
  CHECK(image.config.labels.at("a").empty());
  CHECK_FALSE(image.config.healthcheck);
  CHECK(image.history[1].comment == "buildkit.dockerfile.v0");
  const std::string written = serialize(image);
  CHECK_THAT(written, Catch::Contains("moby.buildkit.buildinfo.v1"));
  CHECK_THAT(written, Catch::Contains(R"([{"layers":[1.5,2000000000.0],"x":null}])"));
}

TEST_CASE("a configuration by buildah") {
  const ImageConfig image = parse_image_config(read_data("config-buildah-docker.json"), "c");
  CHECK(image.author == "A <a@b>");
  CHECK_FALSE(image.config.entrypoint);
  CHECK(image.config.cmd == Strings{"/bin/sh", "-c", "echo <hi> & exit"});
  CHECK(image.history.at(0).comment == "cc");
}

TEST_CASE("null and absent commands differ from empty ones") {
  CHECK_FALSE(container_config("").entrypoint);
  CHECK_FALSE(container_config(R"("Entrypoint":null)").entrypoint);
  CHECK(container_config(R"("Entrypoint":[])").entrypoint == Strings{});
  CHECK(container_config(R"("Cmd":["a",""])").cmd == Strings{"a", ""});

  for (const std::string members : {"", R"("Cmd":null)", R"("Cmd":[])", R"("Cmd":["a"])"}) {
    CAPTURE(members);
    CHECK(serialize(parse_image_config(config_of(members), "c")) == config_of(members));
  }
  ImageConfig image = parse_image_config(config_of(R"("Cmd":null)"), "c");
  image.config.cmd = Strings{};
  CHECK(serialize(image) == config_of(R"("Cmd":[])"));
  image.config.cmd.reset();
  CHECK(serialize(image) == config_of(R"("Cmd":null)"));
}

TEST_CASE("a command may be one string, as in very old images") {
  CHECK(container_config(R"("Entrypoint":"/bin/x")").entrypoint == Strings{"/bin/x"});
  CHECK(serialize(parse_image_config(config_of(R"("Entrypoint":"/bin/x")"), "c")) ==
        config_of(R"("Entrypoint":"/bin/x")"));
}

TEST_CASE("Go's nulls are empty") {
  const ContainerConfig config = container_config(
      R"("User":null,"ExposedPorts":{"1/tcp":null},"Env":null,"Volumes":null,"Labels":{"a":null},)"
      R"("OnBuild":null,"Healthcheck":null,"Shell":null)");
  CHECK(config.user.empty());
  CHECK(config.exposed_ports.size() == 1);
  CHECK(config.labels.at("a").empty());
  CHECK_FALSE(config.healthcheck);
  const ImageConfig image = parse_image_config(
      R"({"config":null,"history":null,"rootfs":{"type":"layers","diff_ids":null}})", "c");
  CHECK(image.diff_ids.empty());
  CHECK(image.os.empty());
}

TEST_CASE("malformed configurations are refused with the field's path") {
  const std::string good = config_of(
      R"("User":"u","Env":["A=b"],"ExposedPorts":{"1/tcp":{}},"Labels":{"l":"v"},"Cmd":["c"],)"
      R"("Healthcheck":{"Test":["NONE"],"Interval":5,"Retries":1})");
  REQUIRE_NOTHROW(parse_image_config(good, "c"));
  const auto [from, to, message] = GENERATE(table<std::string, std::string, std::string>({
      {R"("User":"u")", R"("User":5)", "c: field 'config.User': expected a string"},
      {R"(["A=b"])", R"(["A=b",5])", "c: field 'config.Env[1]': expected a string"},
      {R"(["A=b"])", R"("A=b")", "c: field 'config.Env': expected an array"},
      {R"(["A=b"])", R"(["A=\u0000"])", "c: field 'config.Env': contains a zero byte"},
      {R"({"1/tcp":{}})", R"(["1/tcp"])", "c: field 'config.ExposedPorts': expected an object"},
      {R"({"1/tcp":{}})", R"({"1/tcp":1})",
       "c: field 'config.ExposedPorts.1/tcp': expected an object"},
      {R"("l":"v")", R"("l":{})", "c: field 'config.Labels.l': expected a string"},
      {R"("Cmd":["c"])", R"("Cmd":{})", "c: field 'config.Cmd': expected an array"},
      {R"("Interval":5)", R"("Interval":-5)",
       "c: field 'config.Healthcheck.Interval': must not be negative"},
      {R"("Interval":5)", R"("Interval":"5s")",
       "c: field 'config.Healthcheck.Interval': expected an integer"},
      {R"("Retries":1)", R"("Retries":-1)",
       "c: field 'config.Healthcheck.Retries': must not be negative"},
      {R"("Retries":1)", R"("Retries":4294967296)",
       "c: field 'config.Healthcheck.Retries': 4294967296 is out of range"},
      {R"("config":{)", R"("config":5,"x":{)", "c: field 'config': expected an object"},
      {R"("type":"layers")", R"("type":"layers+base")",
       "c: field 'rootfs.type': only the type 'layers' is known"},
      {R"("diff_ids":[])", R"("diff_ids":["sha256:xyz"])",
       "c: field 'rootfs.diff_ids': malformed digest, expected sha256:… or sha512:…"},
      {R"("rootfs")", R"("rootf")", "c: field 'rootfs' is missing"},
      {R"("os":)", R"("history":[{"empty_layer":1}],"os":)",
       "c: field 'history[0].empty_layer': expected true or false"},
      {R"("os":)", R"("created":5,"os":)", "c: field 'created': expected a string"},
  }));
  CAPTURE(from, to);
  const std::string text = replaced(good, from, to);
  CHECK(error_of([&] { parse_image_config(text, "c"); }) == message);
}

TEST_CASE("the size of a configuration is bounded") {
  CHECK_THAT(
      error_of([] { parse_image_config(std::string(k_max_image_config_size + 1, ' '), "c"); }),
      Catch::Contains("too many"));
}

TEST_CASE("changes are written, the rest of a configuration stays") {
  ImageConfig image = parse_image_config(read_data("config-buildkit.json"), "c");
  image.config.env.push_back("NEW=1");
  image.config.labels.erase("a");
  image.config.volumes.insert("/data");
  image.config.healthcheck = Healthcheck{};
  image.config.healthcheck->test = {"CMD", "true"};
  image.config.healthcheck->start_interval = std::chrono::milliseconds(1500);
  image.config.on_build = {"RUN z"};
  image.config.args_escaped = false;
  image.config.user.clear();
  image.diff_ids.push_back(sha256_of("new layer"));
  image.history.push_back({.created_by = "sh", .comment = "committed"});
  const std::string written = serialize(image);
  CHECK(parse_image_config(written, "c") == image);
  CHECK_THAT(written, Catch::Contains("moby.buildkit.cache.v0"));
  CHECK_THAT(written, Catch::Contains(R"("StartInterval":1500000000)"));
  CHECK_THAT(written, !Catch::Contains("ArgsEscaped"));
  CHECK_THAT(written, !Catch::Contains("\"User\""));
}

TEST_CASE("a new configuration") {
  ImageConfig image;
  image.architecture = "amd64";
  image.os = "linux";
  CHECK(serialize(image) ==
        R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}})");
  image.created = "2026-01-01T00:00:00Z";
  image.config.cmd = Strings{"/bin/sh"};
  image.config.exposed_ports = {"80/tcp"};
  image.diff_ids = {sha256_of("x")};
  image.history = {{.created = image.created, .created_by = "import", .empty_layer = true}};
  CHECK(serialize(image) ==
        R"({"created":"2026-01-01T00:00:00Z","architecture":"amd64","os":"linux",)"
        R"("config":{"ExposedPorts":{"80/tcp":{}},"Cmd":["/bin/sh"]},)"
        R"("rootfs":{"type":"layers","diff_ids":[")" +
            sha256_of("x").str() +
            R"("]},"history":[{"created":"2026-01-01T00:00:00Z","created_by":"import",)"
            R"("empty_layer":true}]})");
  CHECK(parse_image_config(serialize(image), "c") == image);
}

TEST_CASE("the last of several variables counts") {
  CHECK(container_config(R"("Env":["A=1","AB=2","A=3","C"])").env_value("A") == "3");
  CHECK_FALSE(container_config(R"("Env":["C"])").env_value("C"));
}

}  // namespace coracle::oci
