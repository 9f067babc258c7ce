// SPDX-License-Identifier: Apache-2.0
#include "coracle/oci/image_config.hpp"
#include "fuzz.hpp"

namespace coracle::oci {
namespace {

void check_config(std::string_view text) {
  ImageConfig config = parse_image_config(text, "input");
  const auto parse = [](const std::string& again) { return parse_image_config(again, "output"); };
  const auto write = [](const ImageConfig& value) { return serialize(value); };
  fuzz::require_round_trip(config, parse, write);
  config.raw.reset();
  config.config.raw.reset();
  fuzz::require_round_trip(config, parse, write);
}

}  // namespace
}  // namespace coracle::oci

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = coracle::fuzz::as_text(data, size);
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::check_config(text); });
  return 0;
}
