// SPDX-License-Identifier: Apache-2.0
#include <limits.h>

#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "runtime/cgroup/device_rules_internal.hpp"

namespace coracle::runtime::cgroup {
namespace {

using oci::DeviceRule;

bool has_any_type(const DeviceRule& rule) {
  return rule.type.empty() || rule.type == "a";
}

bool is_for_everything(const DeviceRule& rule) {
  const bool every_access = rule.access.empty() || (rule.access.find('r') != std::string::npos &&
                                                    rule.access.find('w') != std::string::npos &&
                                                    rule.access.find('m') != std::string::npos);
  return has_any_type(rule) && !rule.major && !rule.minor && every_access;
}

void check_number(const std::optional<std::int64_t>& number) {
  if (number && (*number < 0 || *number > INT_MAX)) {
    throw Error(ErrorClass::invalid_argument, "device number {} is out of range", *number);
  }
}

/// The rule in its plainest form: type a, b or c, the access spelled out, no number for "all".
DeviceRule checked(DeviceRule rule) {
  if (rule.type == "u") rule.type = "c";
  if (rule.type.empty()) rule.type = "a";
  if (rule.type != "a" && rule.type != "b" && rule.type != "c") {
    throw Error(ErrorClass::invalid_argument, "unknown device type '{}'", rule.type);
  }
  if (rule.access.empty()) rule.access = "rwm";
  if (rule.access.find_first_not_of("rwm") != std::string::npos) {
    throw Error(ErrorClass::invalid_argument, "unknown device access '{}'", rule.access);
  }
  // Callers that follow docker write -1 for "all".
  if (rule.major == -1) rule.major.reset();
  if (rule.minor == -1) rule.minor.reset();
  check_number(rule.major);
  check_number(rule.minor);
  return rule;
}

DeviceRule allow_character(std::optional<std::int64_t> major, std::optional<std::int64_t> minor,
                           const char* access = "rwm") {
  return {true, "c", major, minor, access};
}

std::vector<DeviceRule> rules_for_all() {
  return {
      allow_character(std::nullopt, std::nullopt, "m"),
      {true, "b", std::nullopt, std::nullopt, "m"},
      allow_character(1, 3),               // null
      allow_character(1, 5),               // zero
      allow_character(1, 7),               // full
      allow_character(1, 8),               // random
      allow_character(1, 9),               // urandom
      allow_character(5, 0),               // tty
      allow_character(5, 2),               // ptmx
      allow_character(136, std::nullopt),  // pts
  };
}

std::string number_or_star(const std::optional<std::int64_t>& number) {
  return number ? std::to_string(*number) : "*";
}

}  // namespace

std::vector<DeviceRule> effective_device_rules(const std::vector<DeviceRule>& rules) {
  std::vector<DeviceRule> effective;
  for (const auto& rule : rules) effective.push_back(checked(rule));
  for (auto& rule : rules_for_all()) effective.push_back(std::move(rule));
  return effective;
}

bool allows_every_device(const std::vector<DeviceRule>& rules) {
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    if (!rule->allow) return false;
    if (is_for_everything(*rule)) return true;
  }
  return false;
}

std::vector<LegacyDeviceLine> legacy_device_lines(const std::vector<DeviceRule>& rules) {
  std::vector<LegacyDeviceLine> lines;
  for (const auto& rule : rules) {
    if (is_for_everything(rule)) {
      lines.push_back({rule.allow, "a"});
      continue;
    }
    // To the kernel "a" means everything whatever follows: write it out.
    const std::string types = has_any_type(rule) ? "bc" : rule.type;
    for (const char type : types) {
      lines.push_back({rule.allow, fmt::format("{} {}:{} {}", type, number_or_star(rule.major),
                                               number_or_star(rule.minor), rule.access)});
    }
  }
  return lines;
}

}  // namespace coracle::runtime::cgroup
