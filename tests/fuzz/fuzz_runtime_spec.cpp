// SPDX-License-Identifier: Apache-2.0
#include "coracle/oci/runtime_spec.hpp"
#include "coracle/oci/runtime_state.hpp"
#include "fuzz.hpp"

namespace coracle::oci {
namespace {

void check_spec(std::string_view text) {
  fuzz::require_round_trip(
      parse_runtime_spec(text, "input"),
      [](const std::string& again) { return parse_runtime_spec(again, "output"); },
      [](const RuntimeSpec& value) { return serialize(value); });
}

void check_state(std::string_view text) {
  fuzz::require_round_trip(
      parse_runtime_state(text, "input"),
      [](const std::string& again) { return parse_runtime_state(again, "output"); },
      [](const RuntimeState& value) { return serialize(value); });
}

}  // namespace
}  // namespace coracle::oci

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = coracle::fuzz::as_text(data, size);
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::check_spec(text); });
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::check_state(text); });
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::parse_process(text, "input"); });
  coracle::fuzz::tolerate_refusal([&] { coracle::oci::parse_seccomp_spec(text, "input"); });
  return 0;
}
