// SPDX-License-Identifier: Apache-2.0
// What a running container uses: by its control group, or, where it has none, by its first process
// and those below it.
#include <unistd.h>

#include <fmt/format.h>
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/runtime/cgroup.hpp"
#include "engine/container/state.hpp"

namespace coracle::engine {
namespace {

constexpr std::size_t k_limit = 1U << 20;

std::uint64_t total_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The fields of /proc/PID/stat from the third on: what stands before may have any character.
std::vector<std::string> read_stat(pid_t pid) {
  const auto text = linux::read_file_if_exists(fmt::format("/proc/{}/stat", pid), 4096);
  const auto end = text ? text->rfind(')') : std::string::npos;
  if (end == std::string::npos) return {};
  return split(text->substr(end + 2), ' ');
}

std::uint64_t field(const std::vector<std::string>& stat, std::size_t number) {
  const std::size_t index = number - 3;
  if (index >= stat.size()) return 0;
  return static_cast<std::uint64_t>(parse_int(stat[index]).value_or(0));
}

void add_processes(pid_t first, ContainerUsage& usage) {
  static const auto per_tick = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  std::set<pid_t> family = {first};
  std::set<pid_t> pids;
  for (const auto& name : linux::list_directory("/proc")) {
    if (const auto pid = parse_int(name)) pids.insert(static_cast<pid_t>(*pid));
  }
  for (const pid_t pid : pids) {
    const auto stat = read_stat(pid);
    if (stat.empty()) continue;
    if (pid != first && !family.contains(static_cast<pid_t>(field(stat, 4)))) continue;
    family.insert(pid);
    ++usage.processes;
    usage.cpu_nanoseconds += (field(stat, 14) + field(stat, 15)) * per_tick;
    usage.memory += field(stat, 24) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
}

/// All of its interfaces but the loopback one (proc_pid_net(5)).
void add_network(pid_t pid, ContainerUsage& usage) {
  const auto text = linux::read_file_if_exists(fmt::format("/proc/{}/net/dev", pid), k_limit);
  if (!text) return;
  for (const auto& line : split(*text, '\n')) {
    const auto pair = split_once(line, ':');
    if (!pair || trim(pair->first) == "lo") continue;
    std::vector<std::string> fields;
    for (auto& word : split(pair->second, ' ')) {
      if (!word.empty()) fields.push_back(std::move(word));
    }
    constexpr std::size_t k_received = 0;
    constexpr std::size_t k_sent = 8;
    if (fields.size() <= k_sent) continue;
    const auto bytes = [&](std::size_t index) {
      return static_cast<std::uint64_t>(parse_int(fields[index]).value_or(0));
    };
    usage.network_received += bytes(k_received);
    usage.network_sent += bytes(k_sent);
  }
}

bool add_cgroup(const store::ContainerState& state, ContainerUsage& usage) {
  if (state.cgroup.empty()) return false;
  const auto stats = runtime::open_cgroup(state.cgroup)->stats();
  if (!stats.cpu || !stats.memory) return false;
  usage.cpu_nanoseconds = stats.cpu->usage_usec * 1000;
  const auto& memory = *stats.memory;
  usage.memory = memory.usage - std::min(memory.usage, memory.inactive_file);
  if (memory.limit && *memory.limit < usage.memory_limit) usage.memory_limit = *memory.limit;
  if (stats.pids) usage.processes = stats.pids->current;
  for (const auto& device : stats.io) {
    usage.block_read += device.read_bytes;
    usage.block_written += device.write_bytes;
  }
  return true;
}

}  // namespace

std::optional<ContainerUsage> measure_container(Context& context, const ContainerId& id) {
  const auto state = try_observe(context, id);
  if (!state || !is_active(*state)) return std::nullopt;
  ContainerUsage usage;
  usage.memory_limit = total_memory();
  bool has_cgroup = false;
  try {
    has_cgroup = add_cgroup(*state, usage);
  } catch (const Error&) {
    // Removed at this moment.
  }
  if (!has_cgroup) add_processes(state->process.pid, usage);
  add_network(state->process.pid, usage);
  return usage;
}

}  // namespace coracle::engine
