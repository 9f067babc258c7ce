// SPDX-License-Identifier: Apache-2.0
// `linux.seccomp` of config.json (runtime-spec config-linux.md, "Seccomp").
#include "coracle/oci/seccomp_spec.hpp"

#include <algorithm>
#include <array>

#include "oci/runtime_json_internal.hpp"

namespace coracle::oci {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, 8> k_action_names = {
    "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
    "SCMP_ACT_TRACE",        "SCMP_ACT_ALLOW",       "SCMP_ACT_LOG",  "SCMP_ACT_NOTIFY"};
constexpr std::array<std::string_view, 7> k_operator_names = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",       "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"};

constexpr std::uint32_t k_max_args = 6;

SeccompAction read_action(const ObjectReader& reader, std::string_view key) {
  const auto name = reader.require_string(key);
  const auto action = parse_seccomp_action(name);
  if (!action) reader.fail(key, "unknown action '" + name.substr(0, 80) + "'");
  return *action;
}

SeccompArg read_arg(const ObjectReader& reader) {
  SeccompArg arg;
  arg.index = reader.require_integer<std::uint32_t>("index");
  if (arg.index >= k_max_args) reader.fail("index", "a system call has six arguments");
  arg.value = reader.require_integer<std::uint64_t>("value");
  arg.value_two = reader.integer<std::uint64_t>("valueTwo");
  const auto name = reader.require_string("op");
  const auto op = parse_seccomp_operator(name);
  if (!op) reader.fail("op", "unknown operator '" + name.substr(0, 80) + "'");
  arg.op = *op;
  return arg;
}

Json write_arg(const SeccompArg& arg) {
  Json object = Json::object();
  object["index"] = arg.index;
  object["value"] = arg.value;
  if (arg.value_two != 0) object["valueTwo"] = arg.value_two;
  object["op"] = to_string(arg.op);
  return object;
}

SeccompSyscall read_syscall(const ObjectReader& reader) {
  SeccompSyscall rule;
  rule.names = reader.strings("names");
  if (rule.names.empty()) reader.fail("names", "at least one name is needed");
  rule.action = read_action(reader, "action");
  rule.errno_ret = reader.optional_integer<std::uint32_t>("errnoRet");
  rule.args = reader.objects("args", read_arg);
  return rule;
}

Json write_syscall(const SeccompSyscall& rule) {
  Json object = Json::object();
  object["names"] = rule.names;
  object["action"] = to_string(rule.action);
  json::set_if(object, "errnoRet", rule.errno_ret);
  set_filled(object, "args", write_array(rule.args, write_arg));
  return object;
}

}  // namespace

std::optional<SeccompAction> parse_seccomp_action(std::string_view name) noexcept {
  if (name == "SCMP_ACT_KILL") return SeccompAction::kill_thread;
  const auto* entry = std::ranges::find(k_action_names, name);
  if (entry == k_action_names.end()) return std::nullopt;
  return static_cast<SeccompAction>(entry - k_action_names.begin());
}

std::string_view to_string(SeccompAction action) noexcept {
  return k_action_names[static_cast<std::size_t>(action)];
}

std::optional<SeccompOperator> parse_seccomp_operator(std::string_view name) noexcept {
  const auto* entry = std::ranges::find(k_operator_names, name);
  if (entry == k_operator_names.end()) return std::nullopt;
  return static_cast<SeccompOperator>(entry - k_operator_names.begin());
}

std::string_view to_string(SeccompOperator op) noexcept {
  return k_operator_names[static_cast<std::size_t>(op)];
}

SeccompSpec read_seccomp(const ObjectReader& reader) {
  SeccompSpec spec;
  spec.default_action = read_action(reader, "defaultAction");
  spec.default_errno_ret = reader.optional_integer<std::uint32_t>("defaultErrnoRet");
  spec.flags = reader.strings("flags");
  spec.listener_path = reader.string("listenerPath");
  spec.listener_metadata = reader.string("listenerMetadata");
  spec.architectures = reader.strings("architectures");
  spec.syscalls = reader.objects("syscalls", read_syscall);
  return spec;
}

Json write_seccomp(const SeccompSpec& spec) {
  Json object = Json::object();
  object["defaultAction"] = to_string(spec.default_action);
  json::set_if(object, "defaultErrnoRet", spec.default_errno_ret);
  json::set_if(object, "architectures", spec.architectures);
  json::set_if(object, "flags", spec.flags);
  json::set_if(object, "listenerPath", spec.listener_path);
  json::set_if(object, "listenerMetadata", spec.listener_metadata);
  set_filled(object, "syscalls", write_array(spec.syscalls, write_syscall));
  return object;
}

SeccompSpec parse_seccomp_spec(std::string_view text, std::string_view origin) {
  const Json document = parse_json(text, origin);
  return read_seccomp(ObjectReader(document, origin));
}

std::string serialize(const SeccompSpec& spec) {
  return dump_json(write_seccomp(spec));
}

}  // namespace coracle::oci
