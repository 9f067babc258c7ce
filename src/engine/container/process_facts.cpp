// SPDX-License-Identifier: Apache-2.0
#include "engine/container/process_facts.hpp"

#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process_tree.hpp"
#include "coracle/runtime/cgroup.hpp"

namespace coracle::engine {

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

namespace {

/// What a security module says of it; without one the file cannot be read.
std::string label_of(const std::string& directory) {
  try {
    auto label = linux::read_file_if_exists(directory + "attr/current", 4096).value_or("");
    while (label.ends_with('\0') || label.ends_with('\n')) label.pop_back();
    return label;
  } catch (const SysError&) {
    return "";
  }
}

std::optional<ProcessFacts> read_process(pid_t pid) {
  constexpr std::size_t k_limit = 1U << 16;
  const std::string directory = fmt::format("/proc/{}/", pid);
  const auto status = linux::read_file_if_exists(directory + "status", k_limit);
  const auto stat = linux::ProcessStat::read(pid);
  if (!status || !stat) return std::nullopt;
  ProcessFacts process;
  process.host_pid = pid;
  for (const auto& line : split(*status, '\n')) {
    if (const auto pair = split_once(line, ':')) {
      process.status.emplace(pair->first, trim(pair->second));
    }
  }
  process.stat = *stat;
  const auto pids = words_of(status_of(process, "NSpid"));
  process.pid = pids.empty() ? pid : static_cast<pid_t>(parse_int(pids.back()).value_or(pid));
  std::string arguments = linux::read_file_if_exists(directory + "cmdline", k_limit).value_or("");
  while (!arguments.empty() && arguments.back() == '\0') arguments.pop_back();
  std::ranges::replace(arguments, '\0', ' ');
  process.arguments = arguments.empty() ? "[" + status_of(process, "Name") + "]" : arguments;
  process.label = label_of(directory);
  return process;
}

std::string namespace_of(pid_t pid, const char* kind) {
  char link[64] = {};
  const std::string path = fmt::format("/proc/{}/ns/{}", pid, kind);
  const ssize_t size = ::readlink(path.c_str(), link, sizeof link - 1);
  return size > 0 ? std::string(link, static_cast<std::size_t>(size)) : "";
}

std::vector<pid_t> pids_in_namespace(const char* kind, const std::string& wanted) {
  std::vector<pid_t> pids = linux::list_pids();
  std::erase_if(pids, [&](pid_t pid) { return namespace_of(pid, kind) != wanted; });
  return pids;
}

/// Of a container in the host's pid namespace.
std::set<pid_t> find_family(const store::ContainerState& state, bool is_chroot) {
  std::set<pid_t> family = {state.process.pid};
  if (!state.cgroup.empty()) {
    for (const pid_t pid : runtime::open_cgroup(state.cgroup)->processes()) family.insert(pid);
  }
  const std::string mounts = namespace_of(state.process.pid, "mnt");
  if (is_chroot) {
    // It has none of its own; its monitor is the parent of all who have lost theirs.
    family.insert(state.monitor.pid);
  } else if (!mounts.empty()) {
    for (const pid_t pid : pids_in_namespace("mnt", mounts)) family.insert(pid);
  }
  linux::add_descendants(family);
  if (is_chroot) family.erase(state.monitor.pid);
  return family;
}

}  // namespace

std::vector<ProcessFacts> read_processes(const store::ContainerConfig& config,
                                         const store::ContainerState& state) {
  std::vector<pid_t> pids;
  if (config.pid.mode != store::NamespaceMode::host) {
    const std::string wanted = namespace_of(state.process.pid, "pid");
    if (wanted.empty()) {
      throw Error(ErrorClass::permission_denied, "cannot look at the container's processes");
    }
    pids = pids_in_namespace("pid", wanted);
  } else {
    const auto family = find_family(state, config.is_chroot);
    pids.assign(family.begin(), family.end());
  }
  std::vector<ProcessFacts> processes;
  for (const pid_t pid : pids) {
    if (auto process = read_process(pid)) processes.push_back(std::move(*process));
  }
  return processes;
}

}  // namespace coracle::engine
