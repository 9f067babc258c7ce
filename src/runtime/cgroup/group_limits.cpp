// SPDX-License-Identifier: Apache-2.0
// Carries out the limits of a group.
#include <errno.h>

#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "runtime/cgroup/control_file_internal.hpp"
#include "runtime/cgroup/device_rules_internal.hpp"
#include "runtime/cgroup/directories_internal.hpp"
#include "runtime/cgroup/group_internal.hpp"

namespace coracle::runtime::cgroup {
namespace {

/// No such file, or not for us to write: the controller was not handed down.
bool means_missing(int error) {
  return error == ENOENT || error == EACCES || error == EPERM;
}

[[noreturn]] void fail_setting(const Setting& setting, const std::string& directory, int error) {
  const ControlFile& file = setting.choices.front();
  if (error == ENOENT || directory.empty()) {
    const auto controllers =
        split(read_control(directory + "/cgroup.controllers").value_or(""), ' ');
    if (std::ranges::find(controllers, setting.controller) == controllers.end()) {
      throw Error(ErrorClass::unavailable, "cgroup controller '{}' is not available{}",
                  setting.controller, directory.empty() ? "" : " in '" + directory + "'");
    }
    throw Error(ErrorClass::unavailable, "the kernel has no cgroup file '{}'", file.name);
  }
  throw SysError(error,
                 fmt::format("cannot write '{}' to '{}/{}'", file.value, directory, file.name));
}

void warn_if_lost(const Setting& setting) {
  if (setting.if_missing != IfMissing::warns) return;
  const auto& [name, value] = setting.choices.front();
  log::warn("limit '{}' of '{}' is ignored: this kernel has none", value, name);
}

/// The kernel would rather kill the container than refuse such a limit.
void check_usage(const oci::MemoryResources& memory, const CgroupStats& stats) {
  if (!memory.check_before_update.value_or(false) || !stats.memory) return;
  const auto limit = memory.limit.value_or(0);
  if (limit > 0 && stats.memory->usage > static_cast<std::uint64_t>(limit)) {
    throw Error(ErrorClass::invalid_argument,
                "the memory limit of {} bytes is below the present use of {} bytes", limit,
                stats.memory->usage);
  }
}

}  // namespace

/// Returns 0 or the errno of the first file that exists, ENOENT if none does.
int FileGroup::try_write_setting(const Setting& setting) {
  const std::string directory = directory_of(setting.controller);
  if (directory.empty()) return ENOENT;
  const auto attempt = [&] {
    int error = ENOENT;
    for (const auto& [name, value] : setting.choices) {
      error = try_write_control(fmt::format("{}/{}", directory, name), value);
      if (error != ENOENT) break;
    }
    return error;
  };
  int error = attempt();
  if (error == ENOENT && has_unified() && !enabled_controllers_ &&
      setting.if_missing != IfMissing::harmless) {
    enable_controllers(tree_->unified, tree_->base, path_);
    enabled_controllers_ = true;
    error = attempt();
  }
  return error;
}

void FileGroup::write_settings(std::vector<Setting> settings, ImpossibleLimits impossible) {
  std::set<std::string> missing;
  const std::size_t planned = settings.size();
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const Setting setting = settings[i];
    const int error = try_write_setting(setting);
    if (error == 0) continue;
    if (error == ENOENT && setting.if_missing != IfMissing::fails) {
      warn_if_lost(setting);
      continue;
    }
    // Two limits that depend on each other (memory and its sum with swap, a quota and its burst)
    // can be changed in one order only, which depends on what they were: once more, at the end.
    if (error == EINVAL && i < planned) {
      settings.push_back(setting);
      continue;
    }
    if (means_missing(error) && impossible == ImpossibleLimits::are_passed_over) continue;
    if (!tree_->rootless || !means_missing(error)) {
      fail_setting(setting, directory_of(setting.controller), error);
    }
    missing.insert(setting.controller);
  }
  if (missing.empty()) return;
  Error lacking(ErrorClass::unavailable,
                "cannot set limits: cgroup controllers not delegated to this user: {}",
                coracle::join({missing.begin(), missing.end()}, ", "));
  throw Error(lacking.set_hint(std::string(k_delegation_hint)));
}

void FileGroup::apply_devices(const std::vector<oci::DeviceRule>& rules) {
  // An ordinary user cannot make device nodes, and may use those that there are as far as their
  // modes let him: no filter is needed, nor could one be loaded.
  if (rules.empty() || tree_->rootless) return;
  const auto effective = effective_device_rules(rules);
  if (const auto directory = legacy_directory("devices"); !directory.empty()) {
    for (const auto& [allow, text] : legacy_device_lines(effective)) {
      write_control(directory + (allow ? "/devices.allow" : "/devices.deny"), text);
    }
    return;
  }
  if (allows_every_device(effective)) {
    if (unified_fd() >= 0) remove_device_programs(unified_fd());
    return;
  }
  const bool has_group = unified_fd() >= 0;
  if (!has_group && !is_limited_from_outside()) {
    throw Error(ErrorClass::unavailable, "cannot limit devices: no control group can");
  }
  if (!has_group || !attach_device_program(unified_fd(), device_program(effective))) {
    log::debug("devices cannot be limited by cgroup here");
  }
}

void FileGroup::apply(const oci::Resources& resources, ImpossibleLimits impossible) {
  if (resources.memory.check_before_update.value_or(false)) check_usage(resources.memory, stats());
  const auto legacy = legacy_controllers();
  if (impossible != ImpossibleLimits::are_passed_over) require_known_limits(resources, legacy);
  write_settings(plan_settings(resources, legacy), impossible);
  apply_devices(resources.devices);
}

}  // namespace coracle::runtime::cgroup
