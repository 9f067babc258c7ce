// SPDX-License-Identifier: Apache-2.0
#include "cli/format/template_value.hpp"

#include "coracle/base/strings.hpp"

namespace coracle::cli::format {
namespace {

const Json k_null;
const Schema k_no_schema;

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

const MemberRule* find_rule(const Schema& schema, std::string_view parent, std::string_view name) {
  const MemberRule* found = nullptr;
  for (const MemberRule& rule : schema.members) {
    if (rule.path == name && found == nullptr) found = &rule;
    const bool qualified = rule.path.size() == parent.size() + 1 + name.size() &&
                           rule.path.starts_with(parent) && rule.path[parent.size()] == '.' &&
                           rule.path.ends_with(name);
    if (qualified) return &rule;
  }
  return found;
}

}  // namespace

std::string heading_of(std::string_view field) {
  std::string heading;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const bool word_starts =
        i > 0 && is_upper(field[i]) &&
        (!is_upper(field[i - 1]) || (i + 1 < field.size() && !is_upper(field[i + 1])));
    if (word_starts) heading += ' ';
    heading += field[i];
  }
  return to_upper(heading);
}

Value::Value(Json json, MemberKind kind)
    : owner_(std::make_shared<const Json>(std::move(json))),
      json_(owner_.get()),
      schema_(&k_no_schema),
      kind_(kind) {}

Value Value::root(const Json& json, const Schema& schema) {
  Value value;
  value.json_ = &json;
  value.schema_ = &schema;
  value.is_root_ = true;
  return value;
}

const Json& Value::json() const noexcept {
  return json_ == nullptr ? k_null : *json_;
}

bool Value::is_record() const noexcept {
  if (!is_object() || kind_ == MemberKind::map || kind_ == MemberKind::string_map) return false;
  return kind_ == MemberKind::record || schema_->records;
}

Value Value::derived(const Json* json, std::string_view name, MemberKind kind) const {
  Value value;
  value.owner_ = owner_;
  value.json_ = json;
  value.schema_ = schema_;
  value.name_ = name;
  value.kind_ = kind;
  return value;
}

Value Value::member(const std::string& name) const {
  if (!is_object()) return {};
  const auto found = json_->find(name);
  const MemberRule* rule = find_rule(*schema_, name_, name);
  if (found != json_->end()) {
    return derived(&*found, found.key(), rule != nullptr ? rule->kind : MemberKind::plain);
  }
  if (rule != nullptr) {
    const auto point = rule->path.rfind('.');
    return derived(&k_null, rule->path.substr(point + 1), rule->kind);
  }
  if (!schema_->fold_case) return {};
  const std::string folded = to_lower(name);
  for (const auto& [key, json] : json_->items()) {
    if (to_lower(key) == folded) return member(key);
  }
  return {};
}

bool Value::knows(const std::string& name) const {
  return !member(name).missing();
}

Value Value::element(std::size_t index) const {
  Value value = derived(&(*json_)[index], name_, MemberKind::plain);
  value.is_root_ = is_root_;  // The elements of an array of rows are rows.
  return value;
}

Value Value::entry(const std::string& key) const {
  if (!is_object()) return {};
  const auto found = json_->find(key);
  if (found == json_->end()) return {};
  return derived(&*found, name_, MemberKind::plain);
}

bool Value::truth() const {
  const Json& value = json();
  switch (value.type()) {
    case Json::value_t::null:
    case Json::value_t::discarded: return false;
    case Json::value_t::boolean: return value.get<bool>();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned: return value != 0;
    case Json::value_t::number_float: return value.get<double>() != 0;
    case Json::value_t::string: return kind_ == MemberKind::time || !text().empty();
    case Json::value_t::array:
    case Json::value_t::binary: return !value.empty();
    case Json::value_t::object: return is_record() || !value.empty();
  }
  return false;
}

std::string Value::type_name() const {
  const Json& value = json();
  switch (value.type()) {
    case Json::value_t::boolean: return "bool";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return kind_ == MemberKind::duration ? "time.Duration" : "int";
    case Json::value_t::number_float: return "float64";
    case Json::value_t::string: return kind_ == MemberKind::time ? "time.Time" : "string";
    case Json::value_t::array:
    case Json::value_t::binary: return "[]interface {}";
    case Json::value_t::object:
      if (kind_ == MemberKind::string_map) return "map[string]string";
      if (!is_record()) return "map[string]interface {}";
      return is_root_ || name_.empty() ? std::string(schema_->type_name)
                                       : std::string(schema_->type_name) + "." + std::string(name_);
    case Json::value_t::null:
    case Json::value_t::discarded: break;
  }
  return "<nil>";
}

}  // namespace coracle::cli::format
