// SPDX-License-Identifier: Apache-2.0
#include "cli/format/go_json.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/format/go_float.hpp"

namespace coracle::cli::format {
namespace {

/// Go's encoder takes the exponent form only for magnitudes outside of these.
constexpr double k_smallest_plain = 1e-6;
constexpr double k_largest_plain = 1e21;

void append_json(std::string& out, const Value& value);

void append_float(std::string& out, double value) {
  const double magnitude = std::fabs(value);
  const bool plain =
      magnitude == 0 || (magnitude >= k_smallest_plain && magnitude < k_largest_plain);
  out += format_go_float(value, plain ? 'f' : 'e', std::nullopt);
}

void append_object(std::string& out, const Value& value) {
  std::vector<std::string> keys;
  for (const auto& [key, member] : value.json().items()) keys.push_back(key);
  if (!value.is_record()) std::ranges::sort(keys);
  out += '{';
  for (const std::string& key : keys) {
    if (&key != &keys.front()) out += ',';
    out += dump_json(key);
    out += ':';
    append_json(out, value.is_record() ? value.member(key) : value.entry(key));
  }
  out += '}';
}

void append_json(std::string& out, const Value& value) {
  if (value.is_object()) return append_object(out, value);
  if (value.json().is_number_float()) return append_float(out, value.json().get<double>());
  if (!value.is_array()) {
    out += dump_json(value.json());
    return;
  }
  out += '[';
  for (std::size_t i = 0; i < value.json().size(); ++i) {
    if (i > 0) out += ',';
    append_json(out, value.element(i));
  }
  out += ']';
}

}  // namespace

std::string go_json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace coracle::cli::format
