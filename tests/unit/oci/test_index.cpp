// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/oci/annotations.hpp"
#include "coracle/oci/index.hpp"
#include "data.hpp"

namespace coracle::oci {
namespace {

using test::error_of;
using test::read_data;
using test::replaced;

/// The variant that is chosen for the platform, "none" when nothing fits.
std::string choose(const Index& index, std::string_view platform) {
  const Descriptor* entry = select_platform(index, parse_platform(platform));
  return entry == nullptr ? "none" : to_string(*entry->platform);
}

}  // namespace

TEST_CASE("an index of BuildKit, with attestations") {
  const Index index = parse_index(read_data("index-buildkit.json"), "i");
  CHECK(index.format() == Format::oci);
  REQUIRE(index.manifests.size() == 6);
  CHECK(index.manifests[4].annotation(k_annotation_docker_reference_type) ==
        k_reference_type_attestation);
  CHECK(index.manifests[0].annotation("nothing").empty());

  CHECK(choose(index, "linux/amd64") == "linux/amd64");
  CHECK(choose(index, "linux/amd64/v3") == "linux/amd64");
  CHECK(choose(index, "linux/arm64") == "linux/arm64/v8");
  CHECK(choose(index, "linux/arm/v7") == "linux/arm/v7");
  CHECK(choose(index, "linux/arm/v8") == "linux/arm/v7");
  CHECK(choose(index, "linux/arm/v6") == "linux/arm/v6");
  CHECK(choose(index, "linux/arm/v5") == "none");
  CHECK(choose(index, "linux/s390x") == "none");
  CHECK(choose(index, "unknown/unknown") == "none");
}

TEST_CASE("a docker manifest list") {
  const Index index = parse_index(read_data("index-docker-list.json"), "i");
  CHECK(index.format() == Format::docker);
  CHECK(choose(index, "linux/amd64") == "linux/amd64");
  CHECK(choose(index, "windows/amd64") == "windows/amd64");
  REQUIRE(index.manifests[2].platform);
  CHECK(index.manifests[2].platform->os_features == std::vector<std::string>{"win32k"});
  CHECK(index.manifests[2].platform->os_version == "10.0.17763.5329");
}

TEST_CASE("an entry without a platform is the last choice") {
  const Index layout = parse_index(read_data("index-layout-skopeo.json"), "i");
  CHECK(select_platform(layout, host_platform()) == &layout.manifests[0]);

  Index index = parse_index(read_data("index-buildkit.json"), "i");
  index.manifests.insert(index.manifests.begin(), layout.manifests[0]);
  CHECK(choose(index, "linux/amd64") == "linux/amd64");
  CHECK(select_platform(index, parse_platform("linux/s390x")) == &index.manifests[0]);
}

TEST_CASE("an empty index has nothing for anybody") {
  const Index index = parse_index(R"({"schemaVersion":2,"manifests":[]})", "i");
  CHECK(select_platform(index, host_platform()) == nullptr);
  CHECK(parse_index(R"({"schemaVersion":2,"manifests":null})", "i").manifests.empty());
}

TEST_CASE("a new index") {
  Index index;
  index.media_type = k_oci_index;
  Descriptor entry;
  entry.media_type = k_oci_manifest;
  entry.digest = sha256_of("");
  entry.size = 12;
  entry.platform = parse_platform("linux/arm/v6");
  entry.annotations["a"] = "b";
  index.manifests = {entry};
  CHECK(serialize(index) ==
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
        R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
            entry.digest.str() +
            R"(","size":12,"annotations":{"a":"b"},"platform":{"architecture":"arm","os":"linux",)"
            R"("variant":"v6"}}]})");
  CHECK(parse_index(serialize(index), "i") == index);
}

TEST_CASE("entries of an index that was read keep what is not known here") {
  const std::string text = read_data("index-docker-list.json");
  Index index = parse_index(text, "i");
  index.manifests.erase(index.manifests.begin() + 1);
  const std::string written = serialize(index);
  CHECK_THAT(written, Catch::Contains(R"("features":["sse4"])"));
  CHECK_THAT(written, !Catch::Contains(R"("variant":"v5")"));

  index.manifests[0].platform.reset();
  CHECK_THAT(serialize(index), !Catch::Contains("sse4"));
}

TEST_CASE("malformed indexes are refused") {
  CHECK(error_of([] { parse_index(read_data("manifest-buildah-oci.json"), "i"); }) ==
        "i: expected an image index, found 'application/vnd.oci.image.manifest.v1+json'");
  CHECK(error_of([] {
          parse_index(replaced(read_data("index-layout-skopeo.json"), "\"size\":", "\"size\":-"),
                      "i");
        }) == "i: field 'manifests[0].size': must not be negative");
  CHECK(error_of([] {
          parse_index(
              R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"})", "i");
        }) == "i: field 'manifests' is missing");
  CHECK(error_of([] { parse_index(R"({"schemaVersion":2,"manifests":{}})", "i"); }) ==
        "i: field 'manifests': expected an array");
}

TEST_CASE("the layout file") {
  CHECK(image_layout_text() == R"({"imageLayoutVersion":"1.0.0"})");
  CHECK_NOTHROW(check_image_layout(image_layout_text(), "oci-layout"));
  CHECK_NOTHROW(check_image_layout("{\"imageLayoutVersion\": \"1.1.0\"}\n", "oci-layout"));
  CHECK_THROWS_AS(check_image_layout("{}", "oci-layout"), Error);
  CHECK_THROWS_AS(check_image_layout(R"({"imageLayoutVersion":"2.0.0"})", "oci-layout"), Error);
  CHECK_THROWS_AS(check_image_layout(R"({"imageLayoutVersion":1})", "oci-layout"), Error);
}

}  // namespace coracle::oci
