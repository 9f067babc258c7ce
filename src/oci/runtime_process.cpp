// SPDX-License-Identifier: Apache-2.0
// `process` of config.json (runtime-spec config.md, "Process").
#include <algorithm>

#include "oci/runtime_json_internal.hpp"

namespace coracle::oci {
namespace {

struct CapabilitySet {
  std::string_view key;
  std::vector<std::string> Capabilities::*names;
};

constexpr CapabilitySet k_capability_sets[] = {
    {"bounding", &Capabilities::bounding},       {"effective", &Capabilities::effective},
    {"inheritable", &Capabilities::inheritable}, {"permitted", &Capabilities::permitted},
    {"ambient", &Capabilities::ambient},
};

ConsoleSize read_console_size(const ObjectReader& reader) {
  ConsoleSize size;
  size.height = reader.require_integer<std::uint64_t>("height");
  size.width = reader.require_integer<std::uint64_t>("width");
  return size;
}

User read_user(const ObjectReader& reader) {
  User user;
  user.uid = reader.integer<std::uint32_t>("uid");
  user.gid = reader.integer<std::uint32_t>("gid");
  user.umask = reader.optional_integer<std::uint32_t>("umask");
  user.additional_gids = reader.integers<std::uint32_t>("additionalGids");
  return user;
}

Json write_user(const User& user) {
  Json object = Json::object();
  object["uid"] = user.uid;
  object["gid"] = user.gid;
  json::set_if(object, "umask", user.umask);
  set_filled(object, "additionalGids", Json(user.additional_gids));
  return object;
}

Capabilities read_capabilities(const ObjectReader& reader) {
  Capabilities capabilities;
  for (const auto& [key, names] : k_capability_sets) capabilities.*names = reader.strings(key);
  return capabilities;
}

Json write_capabilities(const Capabilities& capabilities) {
  Json object = Json::object();
  for (const auto& [key, names] : k_capability_sets) {
    json::set_if(object, key, capabilities.*names);
  }
  return object;
}

/// RLIMIT_[A-Z]+: whether the kernel knows it is for the runtime to say.
bool is_rlimit_name(std::string_view name) {
  constexpr std::string_view k_prefix = "RLIMIT_";
  if (!name.starts_with(k_prefix) || name.size() == k_prefix.size()) return false;
  name.remove_prefix(k_prefix.size());
  return std::ranges::all_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::vector<Rlimit> read_rlimits(const ObjectReader& reader) {
  std::vector<Rlimit> limits = reader.objects("rlimits", [](const ObjectReader& object) {
    Rlimit limit;
    limit.type = object.require_string("type");
    if (!is_rlimit_name(limit.type)) object.fail("type", "expected a name such as RLIMIT_NOFILE");
    limit.soft = object.require_integer<std::uint64_t>("soft");
    limit.hard = object.require_integer<std::uint64_t>("hard");
    return limit;
  });
  // config.md: "the runtime MUST generate an error" for duplicates.
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const auto rest =
        std::ranges::subrange(limits.begin() + static_cast<std::ptrdiff_t>(i) + 1, limits.end());
    if (std::ranges::find(rest, limits[i].type, &Rlimit::type) != rest.end()) {
      reader.fail("rlimits", "'" + limits[i].type + "' occurs twice");
    }
  }
  return limits;
}

Json write_rlimit(const Rlimit& limit) {
  Json object = Json::object();
  object["type"] = limit.type;
  object["hard"] = limit.hard;
  object["soft"] = limit.soft;
  return object;
}

Scheduler read_scheduler(const ObjectReader& reader) {
  Scheduler scheduler;
  scheduler.policy = read_choice(reader, "policy",
                                 {"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH",
                                  "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE"},
                                 true);
  scheduler.nice = reader.optional_integer<std::int32_t>("nice");
  scheduler.priority = reader.optional_integer<std::int32_t>("priority");
  scheduler.flags = reader.strings("flags");
  scheduler.runtime = reader.optional_integer<std::uint64_t>("runtime");
  scheduler.deadline = reader.optional_integer<std::uint64_t>("deadline");
  scheduler.period = reader.optional_integer<std::uint64_t>("period");
  return scheduler;
}

Json write_scheduler(const Scheduler& scheduler) {
  Json object = Json::object();
  object["policy"] = scheduler.policy;
  json::set_if(object, "nice", scheduler.nice);
  json::set_if(object, "priority", scheduler.priority);
  json::set_if(object, "flags", scheduler.flags);
  json::set_if(object, "runtime", scheduler.runtime);
  json::set_if(object, "deadline", scheduler.deadline);
  json::set_if(object, "period", scheduler.period);
  return object;
}

IoPriority read_io_priority(const ObjectReader& reader) {
  IoPriority priority;
  priority.priority_class = read_choice(
      reader, "class", {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"}, true);
  priority.priority = reader.integer<std::int32_t>("priority");
  return priority;
}

std::string read_cpu_list(const ObjectReader& reader, std::string_view key) {
  std::string list = reader.string(key);
  if (list.find_first_not_of("0123456789, -") != std::string::npos) {
    reader.fail(key, "expected a list of CPUs such as 0-3,7");
  }
  return list;
}

ExecCpuAffinity read_affinity(const ObjectReader& reader) {
  return {.initial = read_cpu_list(reader, "initial"), .final = read_cpu_list(reader, "final")};
}

/// What only some containers have.
void write_extras(Json& object, const Process& process) {
  json::set_if(object, "apparmorProfile", process.apparmor_profile);
  json::set_if(object, "oomScoreAdj", process.oom_score_adj);
  if (process.scheduler) object["scheduler"] = write_scheduler(*process.scheduler);
  json::set_if(object, "selinuxLabel", process.selinux_label);
  if (process.io_priority) {
    Json& priority = object["ioPriority"] = Json::object();
    priority["class"] = process.io_priority->priority_class;
    priority["priority"] = process.io_priority->priority;
  }
  if (process.exec_cpu_affinity) {
    Json& affinity = object["execCPUAffinity"] = Json::object();
    json::set_if(affinity, "initial", process.exec_cpu_affinity->initial);
    json::set_if(affinity, "final", process.exec_cpu_affinity->final);
  }
}

}  // namespace

Process read_process(const ObjectReader& reader) {
  Process process;
  process.terminal = reader.boolean("terminal");
  process.console_size = reader.optional_object("consoleSize", read_console_size);
  process.user = reader.object("user", read_user);
  process.args = reader.strings("args");
  process.env = reader.strings("env");
  process.cwd = reader.require_string("cwd");
  process.capabilities = reader.optional_object("capabilities", read_capabilities);
  process.rlimits = read_rlimits(reader);
  process.no_new_privileges = reader.boolean("noNewPrivileges");
  process.apparmor_profile = reader.string("apparmorProfile");
  process.oom_score_adj = reader.optional_integer<int>("oomScoreAdj");
  process.scheduler = reader.optional_object("scheduler", read_scheduler);
  process.selinux_label = reader.string("selinuxLabel");
  process.io_priority = reader.optional_object("ioPriority", read_io_priority);
  process.exec_cpu_affinity = reader.optional_object("execCPUAffinity", read_affinity);
  return process;
}

Json write_process(const Process& process) {
  Json object = Json::object();
  json::set_if(object, "terminal", process.terminal);
  if (process.console_size) {
    Json& size = object["consoleSize"] = Json::object();
    size["height"] = process.console_size->height;
    size["width"] = process.console_size->width;
  }
  object["user"] = write_user(process.user);
  json::set_if(object, "args", process.args);
  json::set_if(object, "env", process.env);
  object["cwd"] = process.cwd;
  // Written even when empty: that means no capabilities, where absence leaves it to the runtime.
  if (process.capabilities) object["capabilities"] = write_capabilities(*process.capabilities);
  set_filled(object, "rlimits", write_array(process.rlimits, write_rlimit));
  json::set_if(object, "noNewPrivileges", process.no_new_privileges);
  write_extras(object, process);
  return object;
}

}  // namespace coracle::oci
