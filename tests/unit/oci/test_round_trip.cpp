// SPDX-License-Identifier: Apache-2.0
// Documents as docker, buildah, skopeo, BuildKit, runc and crun write them, read and written back.
#include <catch2/catch.hpp>

#include "coracle/base/json_value.hpp"
#include "coracle/oci/image_config.hpp"
#include "coracle/oci/index.hpp"
#include "coracle/oci/manifest.hpp"
#include "coracle/oci/runtime_spec.hpp"
#include "data.hpp"

namespace coracle::oci {
namespace {

using test::read_data;

std::string compact(const std::string& text) {
  return dump_json(parse_json(text, "test data"));
}

/// Without the members that say nothing, at every level, and with the names in order: two documents
/// that mean the same to a Go program come out equal.
nlohmann::json essence(const nlohmann::json& value) {
  if (value.is_array()) {
    auto array = nlohmann::json::array();
    for (const auto& element : value) array.push_back(essence(element));
    return array;
  }
  if (!value.is_object()) return value;
  auto object = nlohmann::json::object();
  for (const auto& [key, member] : value.items()) {
    nlohmann::json inner = essence(member);
    const bool says_nothing = inner.is_null() || inner == false ||
                              (inner.is_structured() && inner.empty()) || inner == "";
    if (!says_nothing) object[key] = std::move(inner);
  }
  return object;
}

nlohmann::json essence_of(const std::string& text) {
  return essence(nlohmann::json::parse(text));
}

}  // namespace

TEST_CASE("manifests keep every byte that matters") {
  const auto name = GENERATE(as<std::string>{}, "manifest-buildah-oci.json",
                             "manifest-buildah-docker.json", "manifest-buildkit-zstd.json",
                             "manifest-attestation.json", "manifest-windows-foreign.json");
  CAPTURE(name);
  const std::string text = read_data(name);
  CHECK(serialize(parse_manifest(text, name)) == compact(text));
  Manifest bare = parse_manifest(text, name);
  bare.raw.reset();
  bare.config.raw.reset();
  for (Descriptor& layer : bare.layers) layer.raw.reset();
  CHECK(parse_manifest(serialize(bare), name) == bare);
}

TEST_CASE("indexes keep every byte that matters") {
  const auto name = GENERATE(as<std::string>{}, "index-buildkit.json", "index-docker-list.json",
                             "index-layout-skopeo.json");
  CAPTURE(name);
  const std::string text = read_data(name);
  CHECK(serialize(parse_index(text, name)) == compact(text));
  CHECK(detect_media_type(text, name) == parse_index(text, name).media_type);
}

TEST_CASE("image configurations keep every byte that matters") {
  const auto name =
      GENERATE(as<std::string>{}, "config-docker-classic.json", "config-buildah-oci.json",
               "config-buildah-docker.json", "config-buildkit.json");
  CAPTURE(name);
  const std::string text = read_data(name);
  CHECK(serialize(parse_image_config(text, name)) == compact(text));
  ImageConfig bare = parse_image_config(text, name);
  bare.raw.reset();
  bare.config.raw.reset();
  CHECK(parse_image_config(serialize(bare), name) == bare);
}

TEST_CASE("runtime specifications lose nothing") {
  const auto name =
      GENERATE(as<std::string>{}, "runtime-full.json", "runtime-docker.json", "runtime-podman.json",
               "runtime-crun.json", "runtime-runc.json", "runtime-runc-rootless.json");
  CAPTURE(name);
  std::string text = read_data(name);
  const std::string written = serialize(parse_runtime_spec(text, name));
  // podman's file mode holds the file type, which is dropped on purpose.
  if (name == "runtime-podman.json") {
    text = test::replaced(text, "\"fileMode\":8630", "\"fileMode\":438");
  }
  CHECK(essence_of(written) == essence_of(text));
}

}  // namespace coracle::oci
