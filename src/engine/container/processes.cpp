// SPDX-License-Identifier: Apache-2.0
// The processes of a container, by the host's /proc (proc(5)): nothing is needed inside.
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <map>
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/base/time.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/user_database.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "engine/container/files.hpp"
#include "engine/container/state.hpp"

namespace coracle::engine {
namespace {

/// What /proc has of one process.
struct ProcessFacts {
  pid_t host_pid = 0;
  pid_t host_parent = 0;
  pid_t pid = 0;  ///< inside
  std::map<std::string, std::string, std::less<>> status;
  std::vector<std::string> stat;  ///< from field 3, state, on
  std::string arguments;
};

/// Of those that list_processes() counts, without the command.
std::string field(const ProcessFacts& process, std::size_t number) {
  constexpr std::size_t k_first = 3;
  const std::size_t index = number - k_first;
  return index < process.stat.size() ? process.stat[index] : "0";
}

std::int64_t number_of(const ProcessFacts& process, std::size_t number) {
  return parse_int(field(process, number)).value_or(0);
}

std::string status_of(const ProcessFacts& process, std::string_view key) {
  const auto found = process.status.find(key);
  return found == process.status.end() ? "" : found->second;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string normal(text);
  std::ranges::replace(normal, '\t', ' ');
  for (auto& word : split(normal, ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

std::optional<ProcessFacts> read_process(pid_t pid) {
  constexpr std::size_t k_limit = 1U << 16;
  const std::string directory = fmt::format("/proc/{}/", pid);
  const auto status = linux::read_file_if_exists(directory + "status", k_limit);
  const auto stat = linux::read_file_if_exists(directory + "stat", k_limit);
  if (!status || !stat) return std::nullopt;
  ProcessFacts process;
  process.host_pid = pid;
  for (const auto& line : split(*status, '\n')) {
    if (const auto pair = split_once(line, ':')) {
      process.status.emplace(pair->first, trim(pair->second));
    }
  }
  // The command is in parentheses, and may have any character in it.
  const auto end = stat->rfind(')');
  if (end == std::string::npos) return std::nullopt;
  process.stat = words_of(std::string_view(*stat).substr(end + 1));
  process.host_parent = static_cast<pid_t>(number_of(process, 4));
  const auto pids = words_of(status_of(process, "NSpid"));
  process.pid = pids.empty() ? pid : static_cast<pid_t>(parse_int(pids.back()).value_or(pid));
  std::string arguments = linux::read_file_if_exists(directory + "cmdline", k_limit).value_or("");
  while (!arguments.empty() && arguments.back() == '\0') arguments.pop_back();
  std::ranges::replace(arguments, '\0', ' ');
  process.arguments = arguments.empty() ? "[" + status_of(process, "Name") + "]" : arguments;
  return process;
}

std::string pid_namespace_of(pid_t pid) {
  char link[64] = {};
  const std::string path = fmt::format("/proc/{}/ns/pid", pid);
  const ssize_t size = ::readlink(path.c_str(), link, sizeof link - 1);
  return size > 0 ? std::string(link, static_cast<std::size_t>(size)) : "";
}

/// All of the container's pid namespace; where that is the host's, the first one and its children.
std::vector<ProcessFacts> read_processes(const store::ContainerState& state, bool own_namespace) {
  std::vector<ProcessFacts> processes;
  const std::string wanted = own_namespace ? pid_namespace_of(state.process.pid) : "";
  if (own_namespace && wanted.empty()) {
    throw Error(ErrorClass::permission_denied, "cannot look at the container's processes");
  }
  std::set<pid_t> family = {state.process.pid};
  std::vector<pid_t> pids;
  for (const auto& name : linux::list_directory("/proc")) {
    if (const auto pid = parse_int(name)) pids.push_back(static_cast<pid_t>(*pid));
  }
  std::ranges::sort(pids);
  for (const pid_t pid : pids) {
    if (own_namespace && pid_namespace_of(pid) != wanted) continue;
    auto process = read_process(pid);
    if (!process) continue;
    if (!own_namespace) {
      if (pid != state.process.pid && !family.contains(process->host_parent)) continue;
      family.insert(pid);
    }
    processes.push_back(std::move(*process));
  }
  return processes;
}

std::chrono::nanoseconds ticks(std::int64_t count) {
  static const long per_second = ::sysconf(_SC_CLK_TCK);
  return std::chrono::nanoseconds(count * (1'000'000'000 / per_second));
}

/// Since it was started.
std::chrono::nanoseconds age_of(const ProcessFacts& process) {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const auto uptime = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  return std::max(std::chrono::nanoseconds(0), uptime - ticks(number_of(process, 22)));
}

std::chrono::nanoseconds time_of(const ProcessFacts& process) {
  return ticks(number_of(process, 14) + number_of(process, 15));
}

std::string terminal_of(const ProcessFacts& process) {
  constexpr unsigned k_first_pts = 136;
  constexpr unsigned k_last_pts = 143;
  const auto device = static_cast<dev_t>(number_of(process, 7));
  if (device == 0) return "?";
  const unsigned number = major(device);
  if (number >= k_first_pts && number <= k_last_pts) {
    return fmt::format("pts/{}", (number - k_first_pts) * 256 + minor(device));
  }
  return number == 4 ? fmt::format("tty{}", minor(device)) : "?";
}

/// What is needed of the container to show its processes.
class Describer {
 public:
  Describer(Context& context, const store::ContainerConfig& config)
      : mappings_(config.id_mappings),
        passwd_(read_image_file(context, config, "etc/passwd")),
        group_(read_image_file(context, config, "etc/group")) {}

  void know_parents(const std::vector<ProcessFacts>& processes) {
    for (const auto& process : processes) inside_[process.host_pid] = process.pid;
  }
  std::string parent_of(const ProcessFacts& process) const {
    const auto found = inside_.find(process.host_parent);
    return std::to_string(found == inside_.end() ? 0 : found->second);
  }
  /// @param which  of real, effective, saved and file system id
  std::string user_of(const ProcessFacts& process, std::size_t which) const {
    const auto id = id_of(process, "Uid", which, mappings_.uids);
    const auto entry = linux::find_user_by_uid(passwd_, id);
    return entry ? entry->name : std::to_string(id);
  }
  std::string group_of(const ProcessFacts& process, std::size_t which) const {
    const auto id = id_of(process, "Gid", which, mappings_.gids);
    const auto entry = linux::find_group_by_gid(group_, id);
    return entry ? entry->name : std::to_string(id);
  }

 private:
  static std::uint32_t id_of(const ProcessFacts& process, std::string_view key, std::size_t which,
                             const std::vector<linux::IdRange>& ranges) {
    const auto ids = words_of(status_of(process, key));
    const auto id = which < ids.size() ? parse_int(ids[which]).value_or(0) : 0;
    const auto outside = static_cast<std::uint32_t>(id);
    return ranges.empty() ? outside : linux::map_inside(ranges, outside).value_or(outside);
  }

  linux::IdMappings mappings_;
  std::string passwd_;
  std::string group_;
  std::map<pid_t, pid_t> inside_;  ///< pids by the host's
};

using Show = std::string (*)(const ProcessFacts&, const Describer&);
struct Column {
  std::string_view name;
  std::string_view title;
  Show show;
};

constexpr std::string_view k_seccomp_modes[] = {"disabled", "strict", "filter"};

std::string show_seccomp(const ProcessFacts& process, const Describer&) {
  const auto mode = parse_int(status_of(process, "Seccomp"));
  return mode && *mode >= 0 && *mode < 3 ? std::string(k_seccomp_modes[*mode]) : "?";
}

std::string show_cpu(const ProcessFacts& process, const Describer&) {
  const auto age = age_of(process).count();
  return fmt::format("{:.3f}", age > 0 ? 100.0 * static_cast<double>(time_of(process).count()) /
                                             static_cast<double>(age)
                                       : 0.0);
}

std::string show_size(std::int64_t kibibytes) {
  return std::to_string(kibibytes);
}

// podman-top(1)'s descriptors; those of capabilities and of the host's groups are left out.
constexpr auto k_columns = std::to_array<Column>({
    {"args", "COMMAND", [](const ProcessFacts& p, const Describer&) { return p.arguments; }},
    {"comm", "COMMAND",
     [](const ProcessFacts& p, const Describer&) { return status_of(p, "Name"); }},
    {"etime", "ELAPSED",
     [](const ProcessFacts& p, const Describer&) { return format_duration(age_of(p)); }},
    {"group", "GROUP", [](const ProcessFacts& p, const Describer& d) { return d.group_of(p, 1); }},
    {"hpid", "HPID",
     [](const ProcessFacts& p, const Describer&) { return std::to_string(p.host_pid); }},
    {"nice", "NI", [](const ProcessFacts& p, const Describer&) { return field(p, 19); }},
    {"pcpu", "%CPU", show_cpu},
    {"pgid", "PGID",
     [](const ProcessFacts& p, const Describer&) {
       const auto groups = words_of(status_of(p, "NSpgid"));
       return groups.empty() ? field(p, 5) : groups.back();
     }},
    {"pid", "PID", [](const ProcessFacts& p, const Describer&) { return std::to_string(p.pid); }},
    {"ppid", "PPID", [](const ProcessFacts& p, const Describer& d) { return d.parent_of(p); }},
    {"rgroup", "RGROUP",
     [](const ProcessFacts& p, const Describer& d) { return d.group_of(p, 0); }},
    {"rss", "RSS",
     [](const ProcessFacts& p, const Describer&) {
       return show_size(number_of(p, 24) * ::sysconf(_SC_PAGESIZE) / 1024);
     }},
    {"ruser", "RUSER", [](const ProcessFacts& p, const Describer& d) { return d.user_of(p, 0); }},
    {"seccomp", "SECCOMP", show_seccomp},
    {"state", "STATE", [](const ProcessFacts& p, const Describer&) { return field(p, 3); }},
    {"time", "TIME",
     [](const ProcessFacts& p, const Describer&) { return format_duration(time_of(p)); }},
    {"tty", "TTY", [](const ProcessFacts& p, const Describer&) { return terminal_of(p); }},
    {"user", "USER", [](const ProcessFacts& p, const Describer& d) { return d.user_of(p, 1); }},
    {"vsz", "VSZ",
     [](const ProcessFacts& p, const Describer&) { return show_size(number_of(p, 23) / 1024); }},
});

const Column& find_column(std::string_view name) {
  const auto* const found = std::ranges::find(k_columns, name, &Column::name);
  if (found != k_columns.end()) return *found;
  std::vector<std::string> known;
  for (const auto& column : k_columns) known.emplace_back(column.name);
  throw Error(ErrorClass::invalid_argument, "'{}': unknown descriptor, expected one of: {}", name,
              join(known, ", "));
}

}  // namespace

std::vector<std::vector<std::string>> list_processes(Context& context, const ContainerId& id,
                                                     const std::vector<std::string>& names) {
  constexpr auto k_usual = std::to_array<std::string_view>(
      {"user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args"});
  std::vector<const Column*> columns;
  for (const auto& list : names) {
    for (const auto& name : split(list, ',')) columns.push_back(&find_column(name));
  }
  if (columns.empty()) {
    for (const auto& name : k_usual) columns.push_back(&find_column(name));
  }
  const auto config = context.containers().load_config(id);
  const auto state = observe(context, id);
  require_active(config, state, "list the processes of");
  context.enter_namespace();
  Describer describer(context, config);
  const auto processes = read_processes(state, config.pid.mode != store::NamespaceMode::host);
  describer.know_parents(processes);
  std::vector<std::vector<std::string>> rows(1);
  for (const auto* column : columns) rows.front().emplace_back(column->title);
  for (const auto& process : processes) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const auto* column : columns) row.push_back(column->show(process, describer));
  }
  return rows;
}

}  // namespace coracle::engine
