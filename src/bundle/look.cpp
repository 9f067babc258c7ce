// SPDX-License-Identifier: Apache-2.0
// What is known of containers, and what changes them while they run.
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

#include "bundle/group.hpp"
#include "bundle/status.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/user_database.hpp"
#include "coracle/runtime/resctrl.hpp"

namespace coracle::bundle {
namespace {

std::string name_of_user(uid_t uid) {
  const auto passwd = linux::read_file_if_exists("/etc/passwd");
  const auto entry = linux::find_user_by_uid(passwd.value_or(""), uid);
  return entry ? entry->name : fmt::format("#{}", uid);
}

Container look_into(const StateDirectory& directory) {
  const Record record = directory.load();
  Container container;
  container.state =
      state_of(directory, record, directory.load_spec(), status_of(directory, record));
  container.rootfs = record.rootfs;
  container.created = record.created;
  if (const auto info = linux::stat_if_exists(directory.path())) {
    container.owner = name_of_user(info->st_uid);
  }
  return container;
}

/// The container and its group, locked, if it is in one of these states.
struct Subject {
  StateDirectory directory;
  Record record;
  std::unique_ptr<runtime::Cgroup> group;
};
Subject take(const Place& place, const std::string& id, std::string_view verb,
             std::initializer_list<oci::ContainerStatus> allowed) {
  auto directory = StateDirectory::lock(place.root, id);
  Record record = directory.load();
  const auto status = status_of(directory, record);
  if (std::ranges::find(allowed, status) == allowed.end()) {
    // runc's words.
    throw Error(ErrorClass::conflict, "cannot {} container '{}': container not {}: it is {}", verb,
                id, verb == "resume" ? "paused" : "running", oci::to_string(status));
  }
  auto group = group_of(directory, record);
  return {std::move(directory), std::move(record), std::move(group)};
}

constexpr auto k_alive = {oci::ContainerStatus::created, oci::ContainerStatus::running,
                          oci::ContainerStatus::paused};

void set_schemata(const StateDirectory& directory, const Limits& limits) {
  if (limits.l3_cache_schema.empty() && limits.mem_bw_schema.empty()) return;
  auto wanted = directory.load_spec().linux.intel_rdt;
  if (!wanted) {
    throw Error(ErrorClass::conflict,
                "container '{}' has no resctrl group: its configuration is without intelRdt",
                directory.id());
  }
  wanted->schemata.clear();
  wanted->l3_cache_schema = limits.l3_cache_schema;
  wanted->mem_bw_schema = limits.mem_bw_schema;
  runtime::set_resctrl_schemata(runtime::resctrl_mount_point(), *wanted, directory.id());
}

}  // namespace

Container look_at(const Place& place, const std::string& id) {
  return look_into(StateDirectory(place.root, id));
}

std::vector<Container> list(const Place& place) {
  std::vector<Container> found;
  for (const auto& id : list_ids(place.root)) {
    try {
      found.push_back(look_into(StateDirectory(place.root, id)));
    } catch (const Error& error) {
      // Removed meanwhile, or in the making.
      if (error.error_class() != ErrorClass::not_found) log::warn("{}", error.describe());
    }
  }
  return found;
}

std::vector<pid_t> processes(const Place& place, const std::string& id) {
  const StateDirectory directory(place.root, id);
  auto pids = group_of(directory, directory.load())->processes();
  std::ranges::sort(pids);
  return pids;
}

void pause(const Place& place, const std::string& id) {
  take(place, id, "pause", {oci::ContainerStatus::created, oci::ContainerStatus::running})
      .group->freeze();
}

void resume(const Place& place, const std::string& id) {
  take(place, id, "resume", {oci::ContainerStatus::paused}).group->thaw();
}

void update(const Place& place, const std::string& id, const Limits& limits) {
  const Subject subject = take(place, id, "update", k_alive);
  set_schemata(subject.directory, limits);
  subject.group->apply(limits.resources);
  if (subject.record.unit.empty()) return;
  runtime::change_unit(runtime::detect_cgroups("systemd"), subject.record.unit, limits.resources);
}

runtime::CgroupStats statistics(const Place& place, const std::string& id) {
  const StateDirectory directory(place.root, id);
  const Record record = directory.load();
  if (!has_process(record)) {
    throw Error(ErrorClass::conflict, "container '{}': container not running", id);
  }
  return group_of(directory, record)->stats();
}

void watch(const Place& place, const std::string& id, std::chrono::nanoseconds interval,
           const std::function<void(const Event&)>& tell) {
  using Clock = std::chrono::steady_clock;
  const StateDirectory directory(place.root, id);
  const Record record = directory.load();
  const auto group = group_of(directory, record);
  const linux::Fd process = linux::open_pidfd(record.process);
  const linux::Fd memory = group->watch_memory();
  std::uint64_t kills = group->oom_kills();
  auto next = Clock::now();
  while (process && has_process(record)) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    pollfd set[] = {{process.get(), POLLIN, 0}, {memory.get(), POLLIN, 0}};
    ::poll(set, 2, static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
    if (set[1].revents != 0) {
      char text[4096];
      (void)!::read(memory.get(), text, sizeof text);
    }
    if (const auto seen = group->oom_kills(); seen > kills) {
      kills = seen;
      tell({true, {}});
    }
    if (set[0].revents != 0) return;
    if (Clock::now() < next) continue;
    tell({false, group->stats()});
    next = Clock::now() + interval;
  }
}

}  // namespace coracle::bundle
