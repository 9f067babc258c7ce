// SPDX-License-Identifier: Apache-2.0
#include "coracle/oci/platform.hpp"
#include "coracle/oci/reference.hpp"
#include "fuzz.hpp"

namespace coracle::oci {
namespace {

void check_reference(std::string_view text) {
  const Reference reference = parse_reference(text);
  fuzz::require(reference.str() == text, "a reference is written as it was read");
  fuzz::require(reference.name().size() <= k_max_name_length, "the name is bounded");

  const Reference full = parse_normalized(text);
  fuzz::require(full.has_domain(), "a normalised reference has a registry");
  fuzz::require_round_trip(
      full, [](const std::string& again) { return parse_normalized(again); },
      [](const Reference& value) { return value.str(); });
}

void check_platform(std::string_view text) {
  const Platform platform = parse_platform(text);
  fuzz::require(normalize(platform) == platform, "normalising again changes nothing");
  fuzz::require(matches(platform, platform), "a platform matches itself");
}

}  // namespace
}  // namespace coracle::oci

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = coracle::fuzz::as_text(data, size);
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::check_reference(text); });
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::check_platform(text); });
  coracle::oci::is_valid_domain(text);
  return 0;
}
