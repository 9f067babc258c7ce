// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <compare>

#include "cli/format/template_functions.hpp"

namespace coracle::cli::format {
namespace {

enum class BasicKind { nil, boolean, integer, real, text, other };

BasicKind kind_of(const Json& json) {
  if (json.is_null()) return BasicKind::nil;
  if (json.is_boolean()) return BasicKind::boolean;
  if (json.is_number_integer()) return BasicKind::integer;
  if (json.is_number_float()) return BasicKind::real;
  return json.is_string() ? BasicKind::text : BasicKind::other;
}

bool equal(const Value& a, const Value& b) {
  const BasicKind kind_a = kind_of(a.json());
  const BasicKind kind_b = kind_of(b.json());
  if (kind_a == BasicKind::nil || kind_b == BasicKind::nil) return kind_a == kind_b;
  if (kind_a == BasicKind::other || kind_b == BasicKind::other) {
    fail_call("non-comparable type: " + (kind_a == BasicKind::other ? a : b).type_name());
  }
  if (kind_a != kind_b) fail_call("incompatible types for comparison");
  return a.json() == b.json();
}

bool less(const Value& a, const Value& b) {
  const BasicKind kind = kind_of(a.json());
  if (kind != kind_of(b.json())) fail_call("incompatible types for comparison");
  if (kind == BasicKind::nil || kind == BasicKind::boolean || kind == BasicKind::other) {
    fail_call("invalid type for comparison");
  }
  return a.json() < b.json();
}

/// Whether the first equals any of the others.
Value eq(std::span<const Value> arguments) {
  for (const Value& other : arguments.subspan(1)) {
    if (equal(arguments[0], other)) return true;
  }
  return false;
}

Value ne(std::span<const Value> arguments) {
  return !equal(arguments[0], arguments[1]);
}
Value lt(std::span<const Value> arguments) {
  return less(arguments[0], arguments[1]);
}
Value gt(std::span<const Value> arguments) {
  return less(arguments[1], arguments[0]);
}
Value le(std::span<const Value> arguments) {
  return less(arguments[0], arguments[1]) || equal(arguments[0], arguments[1]);
}
Value ge(std::span<const Value> arguments) {
  return less(arguments[1], arguments[0]) || equal(arguments[0], arguments[1]);
}
Value logical_not(std::span<const Value> arguments) {
  return !arguments[0].truth();
}

constexpr std::array<Function, 7> k_functions = {{{"eq", 2, k_any_number, eq},
                                                  {"ne", 2, 2, ne},
                                                  {"lt", 2, 2, lt},
                                                  {"le", 2, 2, le},
                                                  {"gt", 2, 2, gt},
                                                  {"ge", 2, 2, ge},
                                                  {"not", 1, 1, logical_not}}};

}  // namespace

std::span<const Function> comparison_functions() {
  return k_functions;
}

}  // namespace coracle::cli::format
