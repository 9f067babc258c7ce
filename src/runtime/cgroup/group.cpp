// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <ranges>

#include "runtime/cgroup/control_file_internal.hpp"
#include "runtime/cgroup/directories_internal.hpp"
#include "runtime/cgroup/group_internal.hpp"
#include "runtime/cgroup/stats_internal.hpp"

namespace coracle::runtime::cgroup {
namespace {

constexpr const char* k_processes = "/cgroup.procs";

bool has_controller(const LegacyHierarchy& hierarchy, std::string_view name) {
  return std::ranges::find(hierarchy.controllers, name) != hierarchy.controllers.end();
}

}  // namespace

void FileGroup::make() {
  if (has_unified()) make_unified_group(tree_->unified, path_, made_);
  for (const auto& hierarchy : tree_->legacy) {
    make_legacy_group(hierarchy.directory, path_, has_controller(hierarchy, "cpuset"), made_);
  }
  open();
}

void FileGroup::discard() noexcept {
  unified_.reset();
  for (const auto& directory : made_ | std::views::reverse) ::rmdir(directory.c_str());
}

void FileGroup::open() {
  if (!has_unified()) return;
  unified_ = linux::try_open_at(AT_FDCWD, unified_directory(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

std::string FileGroup::legacy_directory(std::string_view controller) const {
  for (const auto& hierarchy : tree_->legacy) {
    if (has_controller(hierarchy, controller)) return hierarchy.directory + path_;
  }
  return "";
}

std::string FileGroup::directory_of(std::string_view controller) const {
  std::string legacy = legacy_directory(controller);
  if (!legacy.empty()) return legacy;
  return has_unified() ? unified_directory() : "";
}

std::string FileGroup::membership_directory() const {
  if (has_unified()) return unified_directory();
  return tree_->legacy.empty() ? "" : tree_->legacy.front().directory + path_;
}

std::set<std::string> FileGroup::legacy_controllers() const {
  std::set<std::string> names;
  for (const auto& hierarchy : tree_->legacy) {
    names.insert(hierarchy.controllers.begin(), hierarchy.controllers.end());
  }
  return names;
}

void FileGroup::join(pid_t pid, bool cloned_into_unified) {
  if (has_unified() && !cloned_into_unified) let_in(unified_directory(), pid);
  for (const auto& hierarchy : tree_->legacy) let_in(hierarchy.directory + path_, pid);
}

void FileGroup::prepare_join() {
  const auto prepare = [this](const std::string& directory) {
    prepared_[directory] = linux::open_file(directory + k_processes, O_WRONLY);
  };
  if (has_unified()) prepare(unified_directory());
  for (const auto& hierarchy : tree_->legacy) prepare(hierarchy.directory + path_);
}

void FileGroup::let_in(const std::string& directory, pid_t pid) {
  const std::string file = directory + k_processes;
  const auto prepared = prepared_.find(directory);
  if (prepared == prepared_.end()) return write_control(file, std::to_string(pid));
  linux::write_all(prepared->second.get(), std::to_string(pid), file);
}

CgroupStats FileGroup::stats() const {
  CgroupStats stats;
  const auto cpuacct = legacy_directory("cpuacct");
  const auto memory = legacy_directory("memory");
  const auto blkio = legacy_directory("blkio");
  if (!cpuacct.empty()) {
    stats.cpu = read_legacy_cpu(files_, cpuacct, legacy_directory("cpu"));
  } else if (has_unified()) {
    stats.cpu = read_unified_cpu(files_, unified_directory());
  }
  if (!memory.empty()) {
    stats.memory = read_legacy_memory(files_, memory);
  } else if (has_unified()) {
    stats.memory = read_unified_memory(files_, unified_directory());
  }
  if (!blkio.empty()) {
    stats.io = read_legacy_io(files_, blkio);
  } else if (has_unified()) {
    stats.io = read_unified_io(files_, unified_directory());
  }
  if (const auto pids = directory_of("pids"); !pids.empty()) stats.pids = read_pids(files_, pids);
  return stats;
}

linux::Fd FileGroup::watch_memory() const {
  if (!has_unified() || !legacy_directory("memory").empty()) return {};
  linux::Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const std::string file = unified_directory() + "/memory.events";
  if (!watch || ::inotify_add_watch(watch.get(), file.c_str(), IN_MODIFY) < 0) return {};
  return watch;
}

std::uint64_t FileGroup::oom_kills() const {
  const auto memory = legacy_directory("memory");
  if (!memory.empty()) return read_oom_kills(files_, memory + "/memory.oom_control");
  return has_unified() ? read_oom_kills(files_, unified_directory() + "/memory.events") : 0;
}

void FileGroup::remove(std::chrono::milliseconds patience) {
  unified_.reset();
  if (has_unified()) remove_group(unified_directory(), patience);
  for (const auto& hierarchy : tree_->legacy) {
    remove_group(hierarchy.directory + path_, patience);
    // systemd takes its scope away in its own hierarchy alone.
    if (!tree_->base.empty()) ::rmdir((hierarchy.directory + tree_->base).c_str());
  }
}

}  // namespace coracle::runtime::cgroup
