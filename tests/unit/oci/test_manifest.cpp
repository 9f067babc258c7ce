// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/json_value.hpp"
#include "coracle/oci/annotations.hpp"
#include "coracle/oci/manifest.hpp"
#include "data.hpp"

namespace coracle::oci {
namespace {

using test::error_of;
using test::read_data;
using test::replaced;

const std::string k_digest = "sha256:" + std::string(64, 'a');

/// A descriptor of a gzip layer with this size, as text.
std::string layer(const std::string& size) {
  return R"({"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":")" + k_digest +
         R"(","size":)" + size + "}";
}

std::string manifest_of(const std::string& layers, const std::string& extra = "") {
  return R"({"schemaVersion":2,)" + extra +
         R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")" +
         k_digest + R"(","size":2},"layers":[)" + layers + "]}";
}

}  // namespace

TEST_CASE("a manifest of buildah") {
  const Manifest manifest = parse_manifest(read_data("manifest-buildah-oci.json"), "m");
  CHECK(manifest.media_type == k_oci_manifest);
  CHECK(manifest.format() == Format::oci);
  CHECK(manifest.is_image());
  CHECK(manifest.config.size == 613);
  REQUIRE(manifest.layers.size() == 1);
  CHECK(compression_of(manifest.layers[0].media_type) == Compression::none);
  CHECK(manifest.layers_size() == 1984512);
  CHECK(manifest.annotations.count("org.opencontainers.image.base.digest") == 1);
}

TEST_CASE("a docker manifest with layers that live elsewhere") {
  const Manifest manifest = parse_manifest(read_data("manifest-windows-foreign.json"), "m");
  CHECK(manifest.format() == Format::docker);
  REQUIRE(manifest.layers.size() == 2);
  CHECK(is_nondistributable(manifest.layers[0].media_type));
  REQUIRE(manifest.layers[0].urls.size() == 1);
  CHECK(manifest.layers_size() == 1718334079);
}

TEST_CASE("an attestation is no image") {
  const Manifest manifest = parse_manifest(read_data("manifest-attestation.json"), "m");
  CHECK_FALSE(manifest.is_image());
  CHECK(manifest.config.data == "e30=");
  CHECK(manifest.artifact_type == "application/vnd.docker.attestation.manifest.v1+json");
  REQUIRE(manifest.subject);
  CHECK(manifest.subject->size == 1055);
}

TEST_CASE("an OCI manifest may leave its media type out") {
  const std::string text = manifest_of(layer("7"));
  const Manifest manifest = parse_manifest(text, "m");
  CHECK(manifest.media_type == k_oci_manifest);
  CHECK(serialize(manifest) == text);
  CHECK(detect_media_type(text, "m") == k_oci_manifest);
}

TEST_CASE("a manifest may have no layers") {
  CHECK(parse_manifest(manifest_of(""), "m").layers.empty());
  const auto null = replaced(manifest_of(""), "[]", "null");
  CHECK(parse_manifest(null, "m").layers.empty());
  CHECK(serialize(parse_manifest(null, "m")) == null);
}

TEST_CASE("malformed manifests are refused with the field's path") {
  const std::string good = manifest_of(layer("7"));
  const auto [from, to, message] = GENERATE(table<std::string, std::string, std::string>({
      {R"("size":7)", R"("size":-1)", "m: field 'layers[0].size': must not be negative"},
      {R"("size":7)", R"("size":1.5)", "m: field 'layers[0].size': expected an integer"},
      {R"("size":7)", R"("size":"7")", "m: field 'layers[0].size': expected an integer"},
      {R"("size":7)", R"("size":18446744073709551615)",
       "m: field 'layers[0].size': 18446744073709551615 is out of range"},
      {R"("size":7)", R"("sizes":7)", "m: field 'layers[0].size' is missing"},
      {R"("size":2)", R"("size":-2)", "m: field 'config.size': must not be negative"},
      {R"("layers":[)", R"("layers":[7,)", "m: field 'layers[0]': expected an object"},
      {R"("layers":[)", R"("layer":[)", "m: field 'layers' is missing"},
      {R"("config":{)", R"("config":7,"other":{)", "m: field 'config': expected an object"},
      {R"("config":{)", R"("confi":{)", "m: field 'config' is missing"},
      {R"("schemaVersion":2)", R"("schemaVersion":3)",
       "m: field 'schemaVersion': only version 2 is known"},
      {R"("schemaVersion":2)", R"("schemaVersion":"2")",
       "m: field 'schemaVersion': expected an integer"},
      {R"("schemaVersion":2,)", "", "m: field 'schemaVersion' is missing"},
      {"sha256:a", "sha256:g",
       "m: field 'config.digest': malformed digest, expected sha256:… or sha512:…"},
      {"sha256:a", "a",
       "m: field 'config.digest': malformed digest, expected sha256:… or sha512:…"},
      {R"("mediaType":"application/vnd.oci.image.config)", R"("mediaType":"app lication/config)",
       "m: field 'config.mediaType': malformed media type"},
      {R"("mediaType":"application/vnd.oci.image.config.v1+json",)", "",
       "m: field 'config.mediaType' is missing"},
      {R"("schemaVersion":2)", R"("schemaVersion":2,"annotations":{"a":1})",
       "m: field 'annotations.a': expected a string"},
      {R"("schemaVersion":2)", R"("schemaVersion":2,"annotations":{"a":"\u0000"})",
       "m: field 'annotations.a': contains a zero byte"},
      {R"("schemaVersion":2)", R"("schemaVersion":2,"mediaType":"text/plain")",
       "m: 'text/plain' is not the media type of an image manifest"},
  }));
  CAPTURE(from, to);
  const std::string text = replaced(good, from, to);
  CHECK(error_of([&] { parse_manifest(text, "m"); }) == message);
}

TEST_CASE("what is not a manifest at all is refused") {
  CHECK_THROWS_AS(parse_manifest("", "m"), Error);
  CHECK_THROWS_AS(parse_manifest("[]", "m"), Error);
  CHECK_THROWS_AS(parse_manifest("7", "m"), Error);
  CHECK_THROWS_AS(parse_manifest("{", "m"), Error);
  CHECK_THROWS_AS(parse_manifest("{}", "m"), Error);
  CHECK_THROWS_AS(parse_manifest(R"({"schemaVersion":2e999})", "m"), Error);
  CHECK_THROWS_AS(parse_manifest(std::string(100000, '['), "m"), Error);
  CHECK(error_of([] { parse_manifest(read_data("index-buildkit.json"), "m"); }) ==
        "m: expected an image manifest, found an index");
  CHECK(error_of([] { parse_manifest(std::string(k_max_manifest_size + 1, ' '), "m"); }) ==
        "m: 4194305 bytes are too many for a manifest");
  CHECK(error_of([] { detect_media_type(R"({"schemaVersion":2})", "m"); }) ==
        "m: neither an image manifest nor an index");
}

TEST_CASE("a document that is manifest and index in one is refused") {
  const auto text = manifest_of(layer("7"), R"("manifests":[],)");
  CHECK_THAT(error_of([&] { parse_manifest(text, "m"); }), Catch::Contains("both"));
  CHECK_THAT(error_of([&] { detect_media_type(text, "m"); }), Catch::Contains("both"));
}

TEST_CASE("schema 1 is refused by its name") {
  const std::string text = R"({"schemaVersion":1,"name":"a","fsLayers":[],"history":[]})";
  try {
    parse_manifest(text, "m");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.error_class() == ErrorClass::not_implemented);
    CHECK_THAT(error.message(), Catch::Contains("schema 1"));
  }
}

TEST_CASE("sizes that do not add up in 64 bits are refused") {
  const std::string huge = "9223372036854775807";
  CHECK_NOTHROW(parse_manifest(manifest_of(layer(huge)), "m"));
  CHECK_THAT(error_of([&] { parse_manifest(manifest_of(layer(huge) + "," + layer("1")), "m"); }),
             Catch::Contains("add up"));
}

TEST_CASE("the number of layers is bounded") {
  std::string layers = layer("1");
  for (std::size_t i = 0; i < k_max_layers; ++i) layers += "," + layer("1");
  CHECK_THAT(error_of([&] { parse_manifest(manifest_of(layers), "m"); }),
             Catch::EndsWith("too many layers"));
}

TEST_CASE("a new manifest has the members in the order of the specification") {
  Manifest manifest;
  manifest.media_type = k_docker_manifest;
  manifest.config.media_type = k_docker_config;
  manifest.config.digest = Digest::parse(k_digest);
  manifest.config.size = 3;
  CHECK(serialize(manifest) ==
        R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
        R"("config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":")" +
            k_digest + R"(","size":3},"layers":[]})");
}

TEST_CASE("changes are written, the rest of a manifest stays") {
  const auto text = manifest_of(layer("7"), R"("unknown":{"b":1,"a":[null]},)");
  Manifest manifest = parse_manifest(text, "m");
  manifest.annotations[std::string(k_annotation_created)] = "2026-01-01T00:00:00Z";
  manifest.layers.push_back(manifest.layers[0]);
  manifest.layers[1].annotations["a"] = "b";
  const std::string written = serialize(manifest);
  CHECK(parse_manifest(written, "m") == manifest);
  CHECK_THAT(written, Catch::Contains(R"("unknown":{"b":1,"a":[null]})"));

  manifest.layers[1].annotations.clear();
  manifest.annotations.clear();
  CHECK(parse_manifest(serialize(manifest), "m") == manifest);
  CHECK_THAT(serialize(manifest), !Catch::Contains("annotations"));
}

}  // namespace coracle::oci
