// SPDX-License-Identifier: Apache-2.0
// What templates must know about data beyond its JSON: Go prints a map, a struct, a time and a nil
// pointer each in its own way, and refuses unknown fields of structs but not of maps.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "coracle/base/json.hpp"

namespace coracle::cli::format {

class Value;

enum class MemberKind {
  plain,       ///< as the JSON says
  record,      ///< an object whose members are fixed
  map,         ///< an object of any members
  string_map,  ///< a map of strings: what is not in it reads as ""
  list,        ///< an array; null prints as []
  pointer,     ///< may be absent or null, which prints as <nil>
  time,        ///< RFC 3339 text, which prints as Go's time.Time does
  duration,    ///< nanoseconds, which print as Go's time.Duration does
};

/// `path` is a member's name, or its enclosing member's name, a point and its name; the longer form
/// wins. A member with a rule may be absent from the JSON.
struct MemberRule {
  std::string_view path;
  MemberKind kind = MemberKind::plain;
};

/// A computed member: {{.Label "x"}}. It is looked for before the members of the outermost object.
struct Method {
  std::string_view name;
  std::size_t parameters = 0;
  std::function<Value(const Value& receiver, std::span<const Value> arguments)> call;
};

struct Schema {
  std::string_view type_name = "interface {}";  ///< of the outermost object, for messages
  std::span<const MemberRule> members = {};
  std::span<const Method> methods = {};
  /// Objects without a rule are records, not maps.
  bool records = false;
  /// Names of fields are compared without regard to case and underscores where no member has
  /// exactly that name: {{.NetworkInterface}} is network_interface.
  bool fold_case = false;
  /// Rows of headings: every field of anything reads as the heading for its name.
  bool headings = false;
};

}  // namespace coracle::cli::format
