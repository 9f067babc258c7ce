// SPDX-License-Identifier: Apache-2.0
// The `config` object of an image configuration.
#include "oci/image_config_internal.hpp"

namespace coracle::oci {
namespace {

using Command = std::optional<std::vector<std::string>>;

/// Null and absent are "not set". Images of before docker 1.6 hold one string instead of an array.
Command read_command(const ObjectReader& reader, std::string_view key) {
  const Json* member = reader.find(key);
  if (member == nullptr) return std::nullopt;
  if (member->is_string()) return std::vector{reader.string(key)};
  return reader.strings(key);
}

std::chrono::nanoseconds read_duration(const ObjectReader& reader, std::string_view key) {
  const auto count = reader.integer<std::int64_t>(key);
  if (count < 0) reader.fail(key, "must not be negative");
  return std::chrono::nanoseconds(count);
}

Healthcheck read_healthcheck(const ObjectReader& reader) {
  Healthcheck check;
  check.test = reader.strings("Test");
  check.interval = read_duration(reader, "Interval");
  check.timeout = read_duration(reader, "Timeout");
  check.start_period = read_duration(reader, "StartPeriod");
  check.start_interval = read_duration(reader, "StartInterval");
  check.retries = reader.integer<int>("Retries");
  if (check.retries < 0) reader.fail("Retries", "must not be negative");
  return check;
}

void set_duration(Json& object, std::string_view key, std::chrono::nanoseconds duration) {
  if (duration.count() != 0) object[std::string(key)] = duration.count();
}

Json write_healthcheck(const std::optional<Healthcheck>& check) {
  Json object = Json::object();
  json::set_if(object, "Test", check->test);
  set_duration(object, "Interval", check->interval);
  set_duration(object, "Timeout", check->timeout);
  set_duration(object, "StartPeriod", check->start_period);
  set_duration(object, "StartInterval", check->start_interval);
  if (check->retries != 0) object["Retries"] = check->retries;
  return object;
}

void write_command(ObjectWriter& writer, std::string_view key, const Command& command) {
  writer.value(
      key, command, !command, [&](const ObjectReader& now) { return read_command(now, key); },
      [](const Command& value) { return Json(*value); });
}

}  // namespace

std::optional<std::string_view> ContainerConfig::env_value(std::string_view name) const {
  // The last one wins, as it does in execve's callers.
  for (auto entry = env.rbegin(); entry != env.rend(); ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with(name) && text.size() > name.size() && text[name.size()] == '=') {
      return text.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

bool operator==(const ContainerConfig& left, const ContainerConfig& right) {
  return left.user == right.user && left.exposed_ports == right.exposed_ports &&
         left.env == right.env && left.entrypoint == right.entrypoint && left.cmd == right.cmd &&
         left.volumes == right.volumes && left.working_dir == right.working_dir &&
         left.labels == right.labels && left.stop_signal == right.stop_signal &&
         left.args_escaped == right.args_escaped && left.healthcheck == right.healthcheck &&
         left.shell == right.shell && left.on_build == right.on_build;
}

ContainerConfig read_container_config(const ObjectReader& reader, std::shared_ptr<const Json> raw) {
  ContainerConfig config;
  config.user = reader.string("User");
  config.exposed_ports = reader.name_set("ExposedPorts");
  config.env = reader.strings("Env");
  config.entrypoint = read_command(reader, "Entrypoint");
  config.cmd = read_command(reader, "Cmd");
  config.volumes = reader.name_set("Volumes");
  config.working_dir = reader.string("WorkingDir");
  config.labels = reader.string_map("Labels");
  config.stop_signal = reader.string("StopSignal");
  config.args_escaped = reader.boolean("ArgsEscaped");
  config.healthcheck = reader.optional_object("Healthcheck", read_healthcheck);
  config.shell = read_command(reader, "Shell").value_or(std::vector<std::string>{});
  config.on_build = reader.strings("OnBuild");
  config.raw = std::move(raw);
  return config;
}

Json write_container_config(const ContainerConfig& config) {
  ObjectWriter writer(config.raw);
  writer.string("User", config.user);
  writer.name_set("ExposedPorts", config.exposed_ports);
  writer.strings("Env", config.env);
  write_command(writer, "Entrypoint", config.entrypoint);
  write_command(writer, "Cmd", config.cmd);
  writer.name_set("Volumes", config.volumes);
  writer.string("WorkingDir", config.working_dir);
  writer.string_map("Labels", config.labels);
  writer.string("StopSignal", config.stop_signal);
  writer.boolean("ArgsEscaped", config.args_escaped);
  writer.value(
      "Healthcheck", config.healthcheck, !config.healthcheck,
      [](const ObjectReader& now) { return now.optional_object("Healthcheck", read_healthcheck); },
      write_healthcheck);
  writer.value(
      "Shell", config.shell, config.shell.empty(),
      [](const ObjectReader& now) {
        return read_command(now, "Shell").value_or(std::vector<std::string>{});
      },
      [](const std::vector<std::string>& shell) { return Json(shell); });
  writer.strings("OnBuild", config.on_build);
  return writer.take();
}

}  // namespace coracle::oci
