// SPDX-License-Identifier: Apache-2.0
// Typed access to JSON members, for .cpp files. A missing member or null gives the fall-back (Go
// writes null for empty slices and maps); a member of another type is an error that names it.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/base/json.hpp"

namespace coracle::json {

/// The member, or nullptr if it is missing or null. Throws when `object` is not an object.
const Json* find(const Json& object, std::string_view key);
/// The member; throws Error invalid_argument when it is missing.
const Json& require(const Json& object, std::string_view key);

std::string get_string(const Json& object, std::string_view key, std::string_view fallback = "");
bool get_bool(const Json& object, std::string_view key, bool fallback = false);
std::int64_t get_int(const Json& object, std::string_view key, std::int64_t fallback = 0);
std::optional<std::int64_t> get_optional_int(const Json& object, std::string_view key);
std::vector<std::string> get_strings(const Json& object, std::string_view key);
std::map<std::string, std::string> get_string_map(const Json& object, std::string_view key);

std::string require_string(const Json& object, std::string_view key);
std::int64_t require_int(const Json& object, std::string_view key);

/// Sets the member only when the value is not empty (Go's `omitempty`).
void set_if(Json& object, std::string_view key, const std::string& value);
void set_if(Json& object, std::string_view key, const std::vector<std::string>& value);
void set_if(Json& object, std::string_view key, const std::map<std::string, std::string>& value);
void set_if(Json& object, std::string_view key, bool value);
template <typename T>
void set_if(Json& object, std::string_view key, const std::optional<T>& value) {
  if (value) object[std::string(key)] = *value;
}

}  // namespace coracle::json
