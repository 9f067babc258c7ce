// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/json.hpp"

#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"

namespace coracle {
namespace {

constexpr int k_max_depth = 128;
// Insertion into an ordered object searches it: the bound keeps a hostile document linear enough.
constexpr std::size_t k_max_members = 20'000;

[[noreturn]] void wrong_type(std::string_view key, std::string_view expected, const Json& found) {
  throw Error(ErrorClass::invalid_argument, "field '{}': expected {}, found {}", key, expected,
              found.type_name());
}

}  // namespace

Json parse_json(std::string_view text, std::string_view origin) {
  std::vector<std::size_t> members;
  const auto guard = [&](int depth, Json::parse_event_t event, Json&) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        if (depth >= k_max_depth) {
          throw Error(ErrorClass::invalid_argument, "{}: JSON is nested too deep", origin);
        }
        members.push_back(0);
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end: members.pop_back(); break;
      case Json::parse_event_t::key:
        if (++members.back() > k_max_members) {
          throw Error(ErrorClass::invalid_argument, "{}: JSON object has too many members", origin);
        }
        break;
      case Json::parse_event_t::value: break;
    }
    return true;
  };
  try {
    // The guard costs a third of the time: small texts cannot do harm and do without.
    if (text.size() < 4096) return Json::parse(text);
    return Json::parse(text, guard);
  } catch (const Json::parse_error& error) {
    throw Error(ErrorClass::invalid_argument, "{}: malformed JSON at byte {}", origin, error.byte);
  } catch (const Json::out_of_range&) {
    throw Error(ErrorClass::invalid_argument, "{}: malformed JSON, a number is too large", origin);
  }
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump_json_pretty(const Json& value) {
  return value.dump(4, ' ', false, Json::error_handler_t::replace);
}

namespace json {

const Json* find(const Json& object, std::string_view key) {
  if (object.is_null()) return nullptr;
  if (!object.is_object()) wrong_type(key, "an enclosing object", object);
  const auto member = object.find(key);
  if (member == object.end() || member->is_null()) return nullptr;
  return &*member;
}

const Json& require(const Json& object, std::string_view key) {
  if (const Json* member = find(object, key)) return *member;
  throw Error(ErrorClass::invalid_argument, "field '{}' is missing", key);
}

std::string get_string(const Json& object, std::string_view key, std::string_view fallback) {
  const Json* member = find(object, key);
  if (member == nullptr) return std::string(fallback);
  if (!member->is_string()) wrong_type(key, "a string", *member);
  return member->get<std::string>();
}

bool get_bool(const Json& object, std::string_view key, bool fallback) {
  const Json* member = find(object, key);
  if (member == nullptr) return fallback;
  if (!member->is_boolean()) wrong_type(key, "true or false", *member);
  return member->get<bool>();
}

std::optional<std::int64_t> get_optional_int(const Json& object, std::string_view key) {
  const Json* member = find(object, key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_number_integer()) wrong_type(key, "an integer", *member);
  return member->get<std::int64_t>();
}

std::int64_t get_int(const Json& object, std::string_view key, std::int64_t fallback) {
  return get_optional_int(object, key).value_or(fallback);
}

std::vector<std::string> get_strings(const Json& object, std::string_view key) {
  std::vector<std::string> values;
  const Json* member = find(object, key);
  if (member == nullptr) return values;
  if (!member->is_array()) wrong_type(key, "an array of strings", *member);
  values.reserve(member->size());
  for (const Json& element : *member) {
    if (!element.is_string()) wrong_type(key, "an array of strings", element);
    values.push_back(element.get<std::string>());
  }
  return values;
}

std::map<std::string, std::string> get_string_map(const Json& object, std::string_view key) {
  std::map<std::string, std::string> values;
  const Json* member = find(object, key);
  if (member == nullptr) return values;
  if (!member->is_object()) wrong_type(key, "an object of strings", *member);
  for (const auto& [name, value] : member->items()) {
    if (!value.is_string()) wrong_type(key, "an object of strings", value);
    values.emplace(name, value.get<std::string>());
  }
  return values;
}

std::string require_string(const Json& object, std::string_view key) {
  const Json& member = require(object, key);
  if (!member.is_string()) wrong_type(key, "a string", member);
  return member.get<std::string>();
}

std::int64_t require_int(const Json& object, std::string_view key) {
  const Json& member = require(object, key);
  if (!member.is_number_integer()) wrong_type(key, "an integer", member);
  return member.get<std::int64_t>();
}

void set_if(Json& object, std::string_view key, const std::string& value) {
  if (!value.empty()) object[std::string(key)] = value;
}

void set_if(Json& object, std::string_view key, const std::vector<std::string>& value) {
  if (!value.empty()) object[std::string(key)] = value;
}

void set_if(Json& object, std::string_view key, const std::map<std::string, std::string>& value) {
  if (!value.empty()) object[std::string(key)] = value;
}

void set_if(Json& object, std::string_view key, bool value) {
  if (value) object[std::string(key)] = true;
}

}  // namespace json
}  // namespace coracle
