// SPDX-License-Identifier: Apache-2.0
// Typed, strict access to the members of a JSON object that knows where in the document it is, so
// that every message names the full path: "config.json: field 'linux.devices[2].major': …".
// A null member counts as missing, because Go writes null for empty slices and maps.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coracle/base/json_value.hpp"

namespace coracle::oci {

/// A reader refers to its parent and to the document: it lives on the stack while these do.
class ObjectReader {
 public:
  /// The root of a document. @throws Error when it is not an object
  ObjectReader(const Json& value, std::string_view origin);
  /// The member `key` of `parent`, or its element `index`. @throws Error when it is not an object
  ObjectReader(const Json& value, const ObjectReader& parent, std::string_view key,
               std::optional<std::size_t> index = std::nullopt);
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  const Json& value() const noexcept { return value_; }
  std::string_view origin() const noexcept;
  /// Nullptr when the member is missing or null.
  const Json* find(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  std::string string(std::string_view key) const;
  std::string require_string(std::string_view key) const;
  std::optional<bool> optional_boolean(std::string_view key) const;
  bool boolean(std::string_view key) const { return optional_boolean(key).value_or(false); }
  template <std::integral T>
  std::optional<T> optional_integer(std::string_view key) const;
  template <std::integral T>
  T integer(std::string_view key) const {
    return optional_integer<T>(key).value_or(0);
  }
  template <std::integral T>
  T require_integer(std::string_view key) const;

  std::vector<std::string> strings(std::string_view key) const;
  std::map<std::string, std::string> string_map(std::string_view key) const;
  /// The names of an object whose values say nothing ("ExposedPorts": {"80/tcp": {}}).
  std::set<std::string> name_set(std::string_view key) const;
  template <std::integral T>
  std::vector<T> integers(std::string_view key) const;

  /// The member converted by `read(const ObjectReader&)`.
  template <typename Read>
  auto optional_object(std::string_view key, Read&& read) const
      -> std::optional<decltype(read(std::declval<const ObjectReader&>()))>;
  /// The same, a default constructed value when the member is missing.
  template <typename Read>
  auto object(std::string_view key, Read&& read) const {
    using Value = decltype(read(std::declval<const ObjectReader&>()));
    const Json* member = find(key);
    return member == nullptr ? Value{} : read(ObjectReader(*member, *this, key));
  }
  /// An array whose elements are objects.
  template <typename Read>
  auto objects(std::string_view key, Read&& read) const
      -> std::vector<decltype(read(std::declval<const ObjectReader&>()))>;

  /// @throws Error invalid_argument "origin: field 'path.key': problem"
  [[noreturn]] void fail(std::string_view key, std::string_view problem) const;
  [[noreturn]] void fail_missing(std::string_view key) const;
  /// "linux.devices[2].major"; the object's own path when `key` is empty.
  std::string path_of(std::string_view key) const;

 private:
  const Json* find_array(std::string_view key) const;
  std::string string_value(const Json& value, std::string_view key) const;
  template <std::integral T>
  T integer_value(const Json& value, std::string_view key) const;
  [[noreturn]] void fail_range(std::string_view key, const Json& value) const;

  const Json& value_;
  const ObjectReader* parent_ = nullptr;
  std::string_view name_;  ///< the origin in the root, else the key in the parent
  std::optional<std::size_t> index_;
};

template <std::integral T>
T ObjectReader::integer_value(const Json& value, std::string_view key) const {
  if (!value.is_number_integer()) fail(key, "expected an integer");
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (!std::in_range<T>(number)) fail_range(key, value);
    return static_cast<T>(number);
  }
  const auto number = value.get<std::int64_t>();
  if (!std::in_range<T>(number)) fail_range(key, value);
  return static_cast<T>(number);
}

template <std::integral T>
std::optional<T> ObjectReader::optional_integer(std::string_view key) const {
  const Json* member = find(key);
  if (member == nullptr) return std::nullopt;
  return integer_value<T>(*member, key);
}

template <std::integral T>
T ObjectReader::require_integer(std::string_view key) const {
  const Json* member = find(key);
  if (member == nullptr) fail_missing(key);
  return integer_value<T>(*member, key);
}

template <std::integral T>
std::vector<T> ObjectReader::integers(std::string_view key) const {
  std::vector<T> values;
  if (const Json* array = find_array(key)) {
    for (const Json& element : *array) values.push_back(integer_value<T>(element, key));
  }
  return values;
}

template <typename Read>
auto ObjectReader::optional_object(std::string_view key, Read&& read) const
    -> std::optional<decltype(read(std::declval<const ObjectReader&>()))> {
  const Json* member = find(key);
  if (member == nullptr) return std::nullopt;
  return read(ObjectReader(*member, *this, key));
}

template <typename Read>
auto ObjectReader::objects(std::string_view key, Read&& read) const
    -> std::vector<decltype(read(std::declval<const ObjectReader&>()))> {
  std::vector<decltype(read(std::declval<const ObjectReader&>()))> values;
  if (const Json* array = find_array(key)) {
    values.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      values.push_back(read(ObjectReader((*array)[i], *this, key, i)));
    }
  }
  return values;
}

}  // namespace coracle::oci
