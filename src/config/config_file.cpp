// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "config/config_internal.hpp"
#include "config/settings_internal.hpp"
#include "config/toml_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::config {
namespace {

void assign(const Setting& setting, const toml::node& node, const std::string& origin,
            Config& config) {
  if (const auto* list = std::get_if<std::vector<std::string> Config::*>(&setting.target)) {
    const toml::array* array = node.as_array();
    if (array == nullptr) throw_wrong_type(setting, origin);
    (config.**list).clear();
    for (const auto& entry : *array) {
      const auto text = entry.value_exact<std::string>();
      if (!text) throw_wrong_type(setting, origin);
      (config.**list).push_back(*text);
    }
  } else if (const auto* flag = std::get_if<bool Config::*>(&setting.target)) {
    const auto value = node.value_exact<bool>();
    if (!value) throw_wrong_type(setting, origin);
    config.** flag = *value;
  } else if (const auto value = node.value_exact<std::int64_t>()) {
    if (std::holds_alternative<std::string Config::*>(setting.target)) {
      throw_wrong_type(setting, origin);
    }
    assign_text(setting, std::to_string(*value), origin, config);
  } else if (const auto text = node.value_exact<std::string>()) {
    if (std::holds_alternative<std::int64_t Config::*>(setting.target)) {
      throw_wrong_type(setting, origin);
    }
    assign_text(setting, *text, origin, config);
  } else {
    throw_wrong_type(setting, origin);
  }
}

}  // namespace

toml::table parse_toml(const std::string& text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorClass::invalid_argument, "{}:{}: {}", file, error.source().begin.line,
                error.description());
  }
}

void apply_toml(const std::string& text, const std::string& file, Config& config) {
  const toml::table document = parse_toml(text, file);
  for (const auto& setting : settings()) {
    const auto& key = setting.description;
    const auto node = document[key.table][key.key];
    if (!node) continue;
    assign(setting, *node.node(), fmt::format("{}: [{}] {}", file, key.table, key.key), config);
  }
}

}  // namespace coracle::config
