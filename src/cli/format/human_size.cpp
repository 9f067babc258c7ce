// SPDX-License-Identifier: Apache-2.0
#include "cli/format/human_size.hpp"

#include <array>
#include <string_view>

#include "cli/format/go_float.hpp"

namespace coracle::cli::format {
namespace {

using Units = std::array<std::string_view, 7>;
constexpr Units k_decimal = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
constexpr Units k_binary = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

std::string scaled(std::uint64_t bytes, double base, const Units& units, int digits,
                   std::string_view blank) {
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= base && unit + 1 < units.size(); ++unit) value /= base;
  std::string number = format_go_float(value, 'g', digits);
  if (number.find('e') != std::string::npos && unit + 1 < units.size()) {
    // Rounded up to the next unit: 999,999 bytes are 1MB, where go-units prints 1e+03kB.
    number = "1";
    ++unit;
  }
  return number.append(blank).append(units[unit]);
}

}  // namespace

std::string human_size(std::uint64_t bytes) {
  return scaled(bytes, 1000, k_decimal, 3, "");
}

std::string human_size_spaced(std::uint64_t bytes) {
  return scaled(bytes, 1000, k_decimal, 3, " ");
}

std::string fine_size(std::uint64_t bytes) {
  return scaled(bytes, 1000, k_decimal, 4, "");
}

std::string binary_size(std::uint64_t bytes) {
  return scaled(bytes, 1024, k_binary, 4, "");
}

}  // namespace coracle::cli::format
