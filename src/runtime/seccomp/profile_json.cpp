// SPDX-License-Identifier: Apache-2.0
// Reads profiles: the union of what docker's and podman's files and the OCI object may hold.
#include <errno.h>
#include <string.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "runtime/seccomp/profile_internal.hpp"

namespace coracle::runtime {

using seccomp::ArchitectureFamily;
using seccomp::KernelVersion;
using seccomp::ProfileFilter;
using seccomp::ProfileRule;

namespace {

constexpr std::uint32_t k_max_argument = 5;
constexpr int k_max_errno = 4095;  // The kernel cuts larger ones (MAX_ERRNO).
// More than any kernel has calls, with room for rules by argument.
constexpr std::size_t k_max_rules = 10'000;
constexpr std::size_t k_max_names = 50'000;

[[noreturn]] void reject(std::string message) {
  throw Error(ErrorClass::invalid_argument, std::move(message));
}

std::uint64_t read_unsigned(const Json& object, std::string_view key) {
  const Json* member = json::find(object, key);
  if (member == nullptr) return 0;
  if (!member->is_number_unsigned()) reject(fmt::format("field '{}': not a whole number", key));
  return member->get<std::uint64_t>();
}

std::uint32_t errno_of_name(const std::string& name) {
  if (const auto number = parse_int(name)) {
    if (*number >= 0 && *number <= k_max_errno) return static_cast<std::uint32_t>(*number);
    reject(fmt::format("errno '{}' is out of range", name.substr(0, 80)));
  }
  if (name == "EWOULDBLOCK") return EWOULDBLOCK;
  if (name == "ENOTSUP") return ENOTSUP;
  if (name == "EDEADLOCK") return EDEADLOCK;
  constexpr int k_last_named = 200;  // Above the last errno of every architecture but mips' 1133.
  for (int value = 1; value < k_last_named; ++value) {
    const char* known = ::strerrorname_np(value);
    if (known != nullptr && name == known) return static_cast<std::uint32_t>(value);
  }
  reject(fmt::format("unknown errno '{}'", name.substr(0, 80)));
}

/// podman writes the errno by name too, and then the name counts.
std::optional<std::uint32_t> read_errno(const Json& object, std::string_view name_key,
                                        std::string_view number_key) {
  const auto name = json::get_string(object, name_key);
  if (!name.empty()) return errno_of_name(name);
  const auto number = json::get_optional_int(object, number_key);
  if (!number) return std::nullopt;
  if (*number < 0 || *number > k_max_errno) {
    reject(fmt::format("field '{}': {} is out of range", number_key, *number));
  }
  return static_cast<std::uint32_t>(*number);
}

oci::SeccompAction read_action(const Json& object, std::string_view key) {
  const auto name = json::require_string(object, key);
  const auto action = oci::parse_seccomp_action(name);
  if (!action) reject(fmt::format("field '{}': unknown action '{}'", key, name.substr(0, 80)));
  return *action;
}

oci::SeccompArg read_argument(const Json& object) {
  oci::SeccompArg argument;
  const auto index = read_unsigned(object, "index");
  if (index > k_max_argument) reject(fmt::format("field 'index': no argument {}", index));
  argument.index = static_cast<std::uint32_t>(index);
  argument.value = read_unsigned(object, "value");
  argument.value_two = read_unsigned(object, "valueTwo");
  const auto name = json::require_string(object, "op");
  const auto op = oci::parse_seccomp_operator(name);
  if (!op) reject(fmt::format("field 'op': unknown operator '{}'", name.substr(0, 80)));
  argument.op = *op;
  return argument;
}

ProfileFilter read_filter(const Json& rule, std::string_view key) {
  ProfileFilter filter;
  const Json* object = json::find(rule, key);
  if (object == nullptr) return filter;
  for (const auto& name : json::get_strings(*object, "caps")) {
    const auto number = linux::capability_number(name);
    if (number && *number < 64) {
      filter.capabilities |= linux::CapabilitySet{1} << *number;
    } else {
      filter.unknown_capability = true;
    }
  }
  filter.architectures = json::get_strings(*object, "arches");
  const auto kernel = json::get_string(*object, "minKernel");
  if (!kernel.empty()) {
    filter.min_kernel = seccomp::parse_kernel_version(kernel);
    if (!filter.min_kernel)
      reject(fmt::format("invalid kernel version '{}'", kernel.substr(0, 80)));
  }
  return filter;
}

/// The elements of an array that may be missing or null.
template <typename Read>
void for_each_element(const Json& object, std::string_view key, Read read) {
  const Json* array = json::find(object, key);
  if (array == nullptr) return;
  if (!array->is_array()) reject(fmt::format("field '{}': not an array", key));
  for (std::size_t i = 0; i < array->size(); ++i) {
    in_context(fmt::format("'{}[{}]'", key, i), [&] { read((*array)[i]); });
  }
}

ProfileRule read_rule(const Json& object) {
  ProfileRule rule;
  rule.syscall.names = json::get_strings(object, "names");
  // The form before Docker 1.12: one name a rule.
  const auto name = json::get_string(object, "name");
  if (!name.empty() && !rule.syscall.names.empty()) {
    reject("'name' and 'names' were specified, use either 'name' or 'names'");
  }
  if (!name.empty()) rule.syscall.names.push_back(name);
  rule.syscall.action = read_action(object, "action");
  rule.syscall.errno_ret = read_errno(object, "errno", "errnoRet");
  for_each_element(object, "args", [&](const Json& element) {
    rule.syscall.args.push_back(read_argument(element));
  });
  rule.includes = read_filter(object, "includes");
  rule.excludes = read_filter(object, "excludes");
  return rule;
}

ArchitectureFamily read_family(const Json& object) {
  return {json::require_string(object, "architecture"),
          json::get_strings(object, "subArchitectures")};
}

}  // namespace

std::optional<KernelVersion> seccomp::parse_kernel_version(std::string_view text) {
  const auto number_at_start = [](std::string_view part) {
    return parse_int(part.substr(0, part.find_first_not_of("0123456789")));
  };
  const auto parts = split_once(text, '.');
  if (!parts) return std::nullopt;
  const auto major = parse_int(parts->first);
  const auto minor = number_at_start(parts->second);
  constexpr std::int64_t k_limit = 1'000'000;
  if (!major || !minor || *major < 0 || *major > k_limit || *minor > k_limit) return std::nullopt;
  return KernelVersion{static_cast<int>(*major), static_cast<int>(*minor)};
}

SeccompProfile SeccompProfile::parse(std::string_view text, std::string_view origin) {
  const Json document = parse_json(text, origin);
  return in_context(fmt::format("reading the seccomp profile '{}'", origin), [&] {
    auto data = std::make_unique<Data>();
    oci::SeccompSpec& common = data->common;
    common.default_action = read_action(document, "defaultAction");
    common.default_errno_ret = read_errno(document, "defaultErrno", "defaultErrnoRet");
    common.architectures = json::get_strings(document, "architectures");
    common.flags = json::get_strings(document, "flags");
    common.listener_path = json::get_string(document, "listenerPath");
    common.listener_metadata = json::get_string(document, "listenerMetadata");
    for_each_element(document, "archMap",
                     [&](const Json& element) { data->families.push_back(read_family(element)); });
    if (!common.architectures.empty() && !data->families.empty()) {
      reject(
          "'architectures' and 'archMap' were specified, use either 'architectures' or 'archMap'");
    }
    std::size_t names = 0;
    for_each_element(document, "syscalls", [&](const Json& element) {
      data->rules.push_back(read_rule(element));
      names += data->rules.back().syscall.names.size();
      if (data->rules.size() > k_max_rules || names > k_max_names) reject("too many rules");
    });
    return SeccompProfile(std::move(data));
  });
}

}  // namespace coracle::runtime
