// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "oci/object_reader_internal.hpp"

namespace coracle::oci {

ObjectReader::ObjectReader(const Json& value, std::string_view origin)
    : value_(value), name_(origin) {
  if (!value.is_object()) {
    throw Error(ErrorClass::invalid_argument, "{}: expected a JSON object", origin);
  }
}

ObjectReader::ObjectReader(const Json& value, const ObjectReader& parent, std::string_view key,
                           std::optional<std::size_t> index)
    : value_(value), parent_(&parent), name_(key), index_(index) {
  if (!value.is_object()) fail("", "expected an object");
}

std::string_view ObjectReader::origin() const noexcept {
  const ObjectReader* root = this;
  while (root->parent_ != nullptr) root = root->parent_;
  return root->name_;
}

const Json* ObjectReader::find(std::string_view key) const {
  const auto member = value_.find(key);
  return member == value_.end() || member->is_null() ? nullptr : &*member;
}

const Json* ObjectReader::find_array(std::string_view key) const {
  const Json* member = find(key);
  if (member != nullptr && !member->is_array()) fail(key, "expected an array");
  return member;
}

std::string ObjectReader::string_value(const Json& value, std::string_view key) const {
  if (!value.is_string()) fail(key, "expected a string");
  auto text = value.get<std::string>();
  // The kernel would cut a path, argument or variable there and act on something else than what
  // was checked.
  if (text.find('\0') != std::string::npos) fail(key, "contains a zero byte");
  return text;
}

std::string ObjectReader::string(std::string_view key) const {
  const Json* member = find(key);
  return member == nullptr ? std::string() : string_value(*member, key);
}

std::string ObjectReader::require_string(std::string_view key) const {
  const Json* member = find(key);
  if (member == nullptr) fail_missing(key);
  return string_value(*member, key);
}

std::optional<bool> ObjectReader::optional_boolean(std::string_view key) const {
  const Json* member = find(key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_boolean()) fail(key, "expected true or false");
  return member->get<bool>();
}

std::vector<std::string> ObjectReader::strings(std::string_view key) const {
  std::vector<std::string> values;
  const Json* array = find_array(key);
  if (array == nullptr) return values;
  values.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    const Json& element = (*array)[i];
    if (!element.is_string()) fail(fmt::format("{}[{}]", key, i), "expected a string");
    values.push_back(string_value(element, key));
  }
  return values;
}

std::map<std::string, std::string> ObjectReader::string_map(std::string_view key) const {
  std::map<std::string, std::string> values;
  const Json* member = find(key);
  if (member == nullptr) return values;
  const ObjectReader names(*member, *this, key);
  for (const auto& [name, value] : member->items()) {
    values.insert_or_assign(name, value.is_null() ? "" : names.string_value(value, name));
  }
  return values;
}

std::set<std::string> ObjectReader::name_set(std::string_view key) const {
  std::set<std::string> names;
  const Json* member = find(key);
  if (member == nullptr) return names;
  const ObjectReader entries(*member, *this, key);
  for (const auto& [name, value] : member->items()) {
    if (!value.is_object() && !value.is_null()) entries.fail(name, "expected an object");
    names.insert(name);
  }
  return names;
}

std::string ObjectReader::path_of(std::string_view key) const {
  if (parent_ == nullptr) return std::string(key);
  std::string path = parent_->path_of(name_);
  if (index_) path += fmt::format("[{}]", *index_);
  if (!key.empty()) {
    path += '.';
    path += key;
  }
  return path;
}

void ObjectReader::fail(std::string_view key, std::string_view problem) const {
  throw Error(ErrorClass::invalid_argument, "{}: field '{}': {}", origin(), path_of(key), problem);
}

void ObjectReader::fail_missing(std::string_view key) const {
  throw Error(ErrorClass::invalid_argument, "{}: field '{}' is missing", origin(), path_of(key));
}

void ObjectReader::fail_range(std::string_view key, const Json& value) const {
  fail(key, fmt::format("{} is out of range", dump_json(value)));
}

}  // namespace coracle::oci
