// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "oci/text_internal.hpp"

namespace coracle::oci {
namespace {

constexpr std::size_t k_max_shown = 160;

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, k_max_shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  if (text.size() > k_max_shown) shown += "…";
  return shown;
}

}  // namespace coracle::oci
