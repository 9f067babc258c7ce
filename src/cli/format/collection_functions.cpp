// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <fmt/core.h>

#include "cli/format/template_functions.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::cli::format {
namespace {

/// An index of an array or string of `size`; `limit` itself is allowed for slices.
std::size_t checked_index(const Value& index, std::size_t limit) {
  if (index.is_nil()) fail_call("cannot index slice/array with nil");
  if (!index.is_integer()) {
    fail_call("cannot index slice/array with type " + index.type_name());
  }
  const auto value = index.json().get<std::int64_t>();
  if (value < 0 || static_cast<std::uint64_t>(value) > limit) {
    fail_call(fmt::format("index out of range: {}", value));
  }
  return static_cast<std::size_t>(value);
}

Value index_of_array(const Value& item, const Value& index) {
  const std::size_t size = item.json().size();
  const std::size_t at = checked_index(index, size);
  if (at == size) fail_call(fmt::format("index out of range: {}", at));
  return item.element(at);
}

Value index_of_string(const std::string& text, const Value& index) {
  const std::size_t at = checked_index(index, text.size());
  if (at == text.size()) fail_call(fmt::format("index out of range: {}", at));
  return std::int64_t{static_cast<unsigned char>(text[at])};
}

Value index_of_map(const Value& item, const Value& index) {
  if (!index.is_string()) {
    fail_call(fmt::format("value has type {}; should be string", index.type_name()));
  }
  Value entry = item.entry(index.text());
  if (entry.missing() && item.kind() == MemberKind::string_map) return std::string();
  return entry;
}

Value index_once(const Value& item, const Value& index) {
  if (item.is_map()) return index_of_map(item, index);
  if (item.is_array()) return index_of_array(item, index);
  if (item.is_string()) return index_of_string(item.text(), index);
  if (!item.is_nil()) fail_call("can't index item of type " + item.type_name());
  // Go's nil maps and slices of known type arrive here as null.
  if (index.is_string())
    return item.kind() == MemberKind::string_map ? Value(std::string()) : Value();
  if (item.kind() == MemberKind::list) fail_call("index out of range: " + index.json().dump());
  fail_call("index of untyped nil");
}

Value index(std::span<const Value> arguments) {
  Value item = arguments[0];
  for (const Value& step : arguments.subspan(1)) item = index_once(item, step);
  return item;
}

Value slice(std::span<const Value> arguments) {
  const Value& item = arguments[0];
  if (item.is_nil()) fail_call("slice of untyped nil");
  if (!item.is_string() && !item.is_array())
    fail_call("can't slice item of type " + item.type_name());
  if (item.is_string() && arguments.size() == 4) fail_call("cannot 3-index slice a string");
  const std::size_t size = item.is_string() ? item.text().size() : item.json().size();
  const std::size_t begin = arguments.size() > 1 ? checked_index(arguments[1], size) : 0;
  const std::size_t end = arguments.size() > 2 ? checked_index(arguments[2], size) : size;
  if (arguments.size() > 3 && checked_index(arguments[3], size) < end) {
    fail_call(fmt::format("invalid slice index: {} > {}", end, arguments[3].json().dump()));
  }
  if (begin > end) fail_call(fmt::format("invalid slice index: {} > {}", begin, end));
  if (item.is_string()) return item.text().substr(begin, end - begin);
  Json part = Json::array();
  for (std::size_t i = begin; i < end; ++i) part.push_back(item.json()[i]);
  return part;
}

Value len(std::span<const Value> arguments) {
  const Value& item = arguments[0];
  if (item.is_string()) return static_cast<std::int64_t>(item.text().size());
  if (item.is_array() || item.is_map()) return static_cast<std::int64_t>(item.json().size());
  // What Go would hold as an empty slice or map is null in the JSON of its marshaller.
  if (item.is_nil()) return std::int64_t{0};
  fail_call("len of type " + item.type_name());
}

std::string element_text(const Value& element) {
  if (!element.is_string()) fail_call("expected string; found " + element.type_name());
  return element.text();
}

Value join_elements(std::span<const Value> arguments) {
  const std::string separator = element_text(arguments[1]);
  if (arguments[0].is_nil()) return std::string();
  if (!arguments[0].is_array()) fail_call("expected []string; found " + arguments[0].type_name());
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < arguments[0].json().size(); ++i) {
    parts.push_back(element_text(arguments[0].element(i)));
  }
  return join(parts, separator);
}

Value split_text(std::span<const Value> arguments) {
  const std::string whole = element_text(arguments[0]);
  const std::string separator = element_text(arguments[1]);
  Json parts = Json::array();
  std::string_view text = whole;
  if (separator.empty()) {
    for (const char c : text) parts.push_back(std::string(1, c));
    return parts;
  }
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(std::string(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + separator.size());
  }
}

constexpr std::array<Function, 5> k_functions = {{{"index", 1, k_any_number, index},
                                                  {"slice", 1, 4, slice},
                                                  {"len", 1, 1, len},
                                                  {"join", 2, 2, join_elements},
                                                  {"split", 2, 2, split_text}}};

}  // namespace

std::span<const Function> collection_functions() {
  return k_functions;
}

}  // namespace coracle::cli::format
