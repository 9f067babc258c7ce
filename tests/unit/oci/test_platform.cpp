// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/error.hpp"
#include "coracle/oci/platform.hpp"

namespace coracle::oci {
namespace {

Platform platform(std::string os, std::string architecture, std::string variant = "") {
  Platform result;
  result.os = std::move(os);
  result.architecture = std::move(architecture);
  result.variant = std::move(variant);
  return result;
}

}  // namespace

TEST_CASE("platforms are read and normalised") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"linux/amd64", "linux/amd64"},
      {"linux/x86_64", "linux/amd64"},
      {"Linux/X86-64", "linux/amd64"},
      {"linux/amd64/v1", "linux/amd64"},
      {"linux/amd64/v3", "linux/amd64/v3"},
      {"linux/arm64", "linux/arm64"},
      {"linux/arm64/v8", "linux/arm64"},
      {"linux/arm64/8", "linux/arm64"},
      {"linux/arm64/v8.0", "linux/arm64"},
      {"linux/arm64/v9", "linux/arm64/v9"},
      {"linux/aarch64", "linux/arm64"},
      {"linux/arm", "linux/arm/v7"},
      {"linux/arm/6", "linux/arm/v6"},
      {"linux/armhf", "linux/arm/v7"},
      {"linux/armel", "linux/arm/v6"},
      {"linux/armv6l", "linux/arm/v6"},
      {"linux/i686", "linux/386"},
      {"linux/riscv64", "linux/riscv64"},
      {"linux/s390x", "linux/s390x"},
      {"linux/ppc64le", "linux/ppc64le"},
      {"linux/loongarch64", "linux/loong64"},
      {"macos/aarch64", "darwin/arm64"},
      {"plan10/vax", "plan10/vax"},
  }));
  CHECK(to_string(parse_platform(text)) == expected);
}

TEST_CASE("what a platform leaves out comes from the host") {
  const Platform& host = host_platform();
  CHECK(host.os == "linux");
  CHECK_FALSE(host.architecture.empty());
  CHECK(parse_platform("linux") == host);
  CHECK(parse_platform("linux").architecture == host.architecture);
  CHECK(parse_platform("s390x") == platform("linux", "s390x"));
  CHECK(parse_platform("aarch64") == platform("linux", "arm64"));
  CHECK(parse_platform("windows").architecture == host.architecture);
}

TEST_CASE("an operating system may carry its version") {
  const Platform windows = parse_platform("windows(10.0.17763)/amd64");
  CHECK(windows.os == "windows");
  CHECK(windows.os_version == "10.0.17763");
  CHECK(to_string(windows) == "windows/amd64");
}

TEST_CASE("unreadable platforms are refused") {
  const auto text = GENERATE(as<std::string>{}, "", "/", "linux/", "/amd64", "a/b/c/d", "nonsense",
                             "linux/am d64", "linux/amd64/", "linux(/amd64", "linux()/amd64",
                             "linux/amd64\n", "*", "linux/*");
  CAPTURE(text);
  CHECK_THROWS_AS(parse_platform(text), Error);
}

TEST_CASE("an image matches the machine's platform or an older variant") {
  const auto arm7 = platform("linux", "arm", "v7");
  CHECK(matches(arm7, arm7));
  CHECK(matches(arm7, platform("linux", "arm", "v6")));
  CHECK(matches(arm7, platform("linux", "arm")));
  CHECK_FALSE(matches(arm7, platform("linux", "arm", "v8")));
  CHECK_FALSE(matches(platform("linux", "arm", "v6"), arm7));
  CHECK_FALSE(matches(platform("linux", "arm64"), arm7));
  CHECK_FALSE(matches(platform("linux", "amd64"), platform("linux", "386")));
  CHECK_FALSE(matches(platform("linux", "amd64"), platform("windows", "amd64")));
  CHECK(matches(platform("linux", "arm64"), platform("linux", "aarch64", "v8")));
  CHECK(matches(platform("linux", "amd64", "v3"), platform("linux", "amd64", "v2")));
  CHECK_FALSE(matches(platform("linux", "amd64", "v2"), platform("linux", "amd64", "v3")));
  CHECK_FALSE(matches(platform("linux", "amd64", "v2"), platform("linux", "amd64", "odd")));
  CHECK(matches(platform("linux", "mips", "odd"), platform("linux", "mips", "odd")));
}

TEST_CASE("the nearest variant scores best") {
  const auto arm7 = platform("linux", "arm", "v7");
  CHECK(match_score(arm7, arm7) > match_score(arm7, platform("linux", "arm", "v6")));
  CHECK(match_score(arm7, platform("linux", "arm", "v6")) >
        match_score(arm7, platform("linux", "arm", "v5")));
  const auto amd64 = platform("linux", "amd64");
  CHECK(match_score(amd64, amd64) > match_score(amd64, platform("linux", "amd64", "v2")));
  CHECK(match_score(amd64, platform("linux", "amd64", "v2")) >
        match_score(amd64, platform("linux", "amd64", "v3")));
  CHECK(match_score(amd64, platform("linux", "amd64", "v3")) > 0);

  auto server = platform("windows", "amd64");
  server.os_version = "10.0.1";
  CHECK(match_score(server, server) > match_score(server, platform("windows", "amd64")));
}

TEST_CASE("machine names are uname's") {
  CHECK(machine_name("amd64") == "x86_64");
  CHECK(machine_name("arm64") == "aarch64");
  CHECK(machine_name("386") == "i686");
  CHECK(machine_name("riscv64") == "riscv64");
}

}  // namespace coracle::oci
