// SPDX-License-Identifier: Apache-2.0
// Writes typed members over an object that may have come from a file. What has not changed in
// meaning stays as it was read, order and spelling included (null against {} against nothing), and
// members that nobody here knows stay too. So a document that was only read is written back equal.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "oci/object_reader_internal.hpp"

namespace coracle::oci {

class ObjectWriter {
 public:
  /// @param raw  the object as it was read; nullptr for a new one
  explicit ObjectWriter(const std::shared_ptr<const Json>& raw)
      : object_(raw ? *raw : Json::object()) {}

  /// Left out when empty.
  void string(std::string_view key, const std::string& value);
  /// Written even when empty: the specification requires the member.
  void require_string(std::string_view key, const std::string& value);
  void boolean(std::string_view key, bool value);
  void strings(std::string_view key, const std::vector<std::string>& value);
  void string_map(std::string_view key, const std::map<std::string, std::string>& value);
  void name_set(std::string_view key, const std::set<std::string>& value);

  /// For any other type: `read` tells the present member's value, to compare with.
  /// @param empty  leave it out
  template <typename Value, typename Read, typename Write>
  void value(std::string_view key, const Value& value, bool empty, Read&& read, Write&& write) {
    const ObjectReader now(object_, "document");
    if (now.has(key) ? read(now) == value : empty) return;
    set(key, empty ? Json() : write(value));
  }

  /// A null `value` removes the member.
  void set(std::string_view key, Json value);
  const Json& json() const noexcept { return object_; }
  Json take() { return std::move(object_); }

 private:
  Json object_;
};

/// The object `parent[key]` as a value that shares the parent's life; nullptr when it is missing.
std::shared_ptr<const Json> member_of(const std::shared_ptr<const Json>& parent,
                                      std::string_view key);

}  // namespace coracle::oci
