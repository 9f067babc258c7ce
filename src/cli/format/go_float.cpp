// SPDX-License-Identifier: Apache-2.0
#include "cli/format/go_float.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "coracle/base/strings.hpp"

namespace coracle::cli::format {
namespace {

/// The shortest %g of Go takes the exponent form from here on, however many digits there are.
constexpr int k_exponent_limit = 6;
constexpr int k_smallest_plain_exponent = -4;
/// More digits than any double has, in any notation.
constexpr std::size_t k_buffer_size = 2048;
constexpr int k_max_precision = 1500;

std::string convert(double value, std::chars_format format, std::optional<int> precision) {
  std::array<char, k_buffer_size> buffer;
  char* end = buffer.data() + buffer.size();
  const auto result = precision ? std::to_chars(buffer.data(), end, value, format,
                                                std::min(*precision, k_max_precision))
                                : std::to_chars(buffer.data(), end, value, format);
  return {buffer.data(), result.ptr};
}

int exponent_of(const std::string& scientific) {
  const auto at = scientific.find('e');
  return static_cast<int>(parse_int(std::string_view(scientific).substr(at + 1)).value_or(0));
}

}  // namespace

std::string format_go_float(double value, char verb, std::optional<int> precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  std::string text;
  if (verb == 'f' || verb == 'F') {
    text = convert(value, std::chars_format::fixed, precision);
  } else if (verb == 'e' || verb == 'E') {
    text = convert(value, std::chars_format::scientific, precision);
  } else if (precision) {
    text = convert(value, std::chars_format::general, precision);
  } else {
    text = convert(value, std::chars_format::scientific, std::nullopt);
    const int exponent = exponent_of(text);
    if (exponent >= k_smallest_plain_exponent && exponent < k_exponent_limit) {
      text = convert(value, std::chars_format::fixed, std::nullopt);
    }
  }
  return verb == 'E' || verb == 'G' ? to_upper(text) : text;
}

}  // namespace coracle::cli::format
