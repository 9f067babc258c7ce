// SPDX-License-Identifier: Apache-2.0
#include "bundle/group.hpp"

#include <errno.h>

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::bundle {
namespace {

/// config-linux.md, "Default Devices": what a container has must be usable whatever the rules say.
/// Nodes may be made of any device, which gives nobody access to it.
void allow_default_devices(std::vector<oci::DeviceRule>& rules) {
  if (rules.empty()) return;
  const auto allow = [&](const char* type, std::optional<std::int64_t> major,
                         std::optional<std::int64_t> minor, const char* access) {
    rules.push_back({true, type, major, minor, access});
  };
  allow("c", {}, {}, "m");
  allow("b", {}, {}, "m");
  // null, zero, full, random, urandom; tty, console, ptmx; pts.
  for (const int minor : {3, 5, 7, 8, 9}) allow("c", 1, minor, "rwm");
  for (const int minor : {0, 1, 2}) allow("c", 5, minor, "rwm");
  allow("c", 136, {}, "rwm");
}

/// "SLICE:PREFIX:NAME", or what stands for it when the configuration names nothing of the kind.
struct UnitName {
  std::string slice;
  std::string unit;
};
UnitName unit_name(const std::string& cgroups_path, const std::string& id, bool rootless) {
  const auto parts = split(cgroups_path, ':');
  if (!cgroups_path.empty() && parts.size() != 3) {
    throw Error(ErrorClass::invalid_argument,
                "expected cgroupsPath to be of format \"slice:prefix:name\" for systemd cgroups, "
                "got '{}' instead",
                cgroups_path);
  }
  UnitName name;
  if (parts.size() == 3) name.slice = parts[0];
  if (name.slice.empty()) name.slice = rootless ? "user.slice" : "system.slice";
  const std::string prefix = parts.size() == 3 ? parts[1] : "coracle";
  const std::string last = parts.size() == 3 ? parts[2] : id;
  name.unit = (prefix.empty() ? "" : prefix + "-") + last + ".scope";
  return name;
}

Group make_scope(const runtime::CgroupSupport& support, const std::string& id,
                 const oci::RuntimeSpec& spec, const oci::Resources& resources) {
  const UnitName name = unit_name(spec.linux.cgroups_path, id, support.rootless);
  runtime::CgroupScope scope;
  scope.unit = name.unit;
  scope.slice = name.slice;
  scope.description = "container " + id;
  scope.limits = resources;
  scope.annotations = spec.annotations;
  // It may be another's.
  scope.replaces = false;
  Group made;
  made.scope = std::make_unique<runtime::HeldScope>(support, scope);
  made.unit = name.unit;
  made.group =
      runtime::make_cgroup_manager(made.scope->support())->create("container", id, resources);
  return made;
}

bool is_systemd_path(const std::string& path) {
  return std::ranges::count(path, ':') == 2 && path.find('/') == std::string::npos;
}

}  // namespace

Group make_group(const Place& place, const std::string& id, const oci::RuntimeSpec& spec) {
  const std::string& path = spec.linux.cgroups_path;
  const runtime::CgroupSupport support = runtime::detect_cgroups(place.cgroup_manager);
  if (!support.warning.empty()) log::warn("{}", support.warning);
  oci::Resources resources = spec.linux.resources;
  allow_default_devices(resources.devices);
  if (support.manager == runtime::CgroupManagerKind::systemd) {
    return make_scope(support, id, spec, resources);
  }
  const bool is_relative = !path.empty() && !path.starts_with('/') && !is_systemd_path(path);
  Group made;
  made.group =
      runtime::make_cgroup_manager(support)->create(is_relative ? "/" + path : path, id, resources);
  return made;
}

std::unique_ptr<runtime::Cgroup> group_of(const StateDirectory& directory, const Record& record) {
  if (!record.cgroup.empty()) return runtime::open_cgroup(record.cgroup);
  throw Error(ErrorClass::unavailable, "container '{}' has no control group", directory.id());
}

void join_group(const Record& record, runtime::Cgroup& group, pid_t pid, bool is_born_there) {
  try {
    group.join(pid, is_born_there);
  } catch (const SysError& error) {
    if (record.unit.empty() || (error.code() != EACCES && error.code() != EPERM)) throw;
    // Only the manager may move a process here from a place that is not the user's.
    runtime::move_into_unit(runtime::detect_cgroups("systemd"), record.unit, group.path(), pid);
  }
}

}  // namespace coracle::bundle
