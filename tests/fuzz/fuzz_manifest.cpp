// SPDX-License-Identifier: Apache-2.0
#include "coracle/oci/index.hpp"
#include "coracle/oci/manifest.hpp"
#include "fuzz.hpp"

namespace coracle::oci {
namespace {

void check_manifest(std::string_view text) {
  const Manifest manifest = parse_manifest(text, "input");
  fuzz::require(manifest.layers_size() >= 0, "the sizes add up without overflow");
  fuzz::require(detect_media_type(text, "input") == manifest.media_type, "the type is detected");
  fuzz::require_round_trip(
      manifest, [](const std::string& again) { return parse_manifest(again, "output"); },
      [](const Manifest& value) { return serialize(value); });
}

void check_index(std::string_view text) {
  const Index index = parse_index(text, "input");
  select_platform(index, host_platform());
  fuzz::require_round_trip(
      index, [](const std::string& again) { return parse_index(again, "output"); },
      [](const Index& value) { return serialize(value); });
}

}  // namespace
}  // namespace coracle::oci

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = coracle::fuzz::as_text(data, size);
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::check_manifest(text); });
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::check_index(text); });
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::check_image_layout(text, "input"); });
  return 0;
}
