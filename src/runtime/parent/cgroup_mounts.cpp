// SPDX-License-Identifier: Apache-2.0
#include "runtime/parent/cgroup_mounts.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "coracle/linux/file.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/runtime/cgroup.hpp"
#include "runtime/cgroup/hierarchy_internal.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::runtime {
namespace {

using cgroup::k_mount_point;

bool stands_for_all(const oci::Mount& mount) {
  return mount.type == "cgroup" && plan_mount(mount, "").data.empty();
}

bool has_own(const oci::LinuxConfig& config, oci::NamespaceType type) {
  const auto* entry = config.find_namespace(type);
  return entry != nullptr && entry->path.empty();
}

/// What is mounted below it is no more writable than itself.
oci::Mount bound(std::string source, const oci::Mount& wanted) {
  oci::Mount mount = wanted;
  mount.type = "bind";
  mount.source = std::move(source);
  for (auto& option : mount.options) {
    if (option == "ro" || option == "nosuid" || option == "noexec" || option == "nodev") {
      option.insert(0, "r");
    }
  }
  mount.options.insert(mount.options.begin(), "rbind");
  return mount;
}

/// A directory for each hierarchy.
/// @param group  the container's, which is all that it gets of what it shares; empty: it has none
std::vector<oci::Mount> expand_legacy(const oci::Mount& mount, const oci::LinuxConfig& config,
                                      const std::string& group) {
  std::vector<oci::Mount> mounts;
  mounts.push_back({mount.destination,
                    "tmpfs",
                    "tmpfs",
                    {"nosuid", "noexec", "nodev", "mode=755", "size=64k"},
                    {},
                    {}});
  const auto add = [&](const std::string& directory, const std::string& option) {
    oci::Mount one = mount;
    one.destination += "/" + directory;
    std::string source = fmt::format("{}/{}{}", k_mount_point, directory, group);
    if (has_own(config, oci::NamespaceType::cgroup)) {
      one.options.push_back(option);
      mounts.push_back(std::move(one));
    } else if (linux::exists(source)) {
      mounts.push_back(bound(std::move(source), one));
    }
  };
  for (const auto& controllers : legacy_hierarchies()) add(controllers, controllers);
  for (const auto& name : cgroup::named_hierarchies()) add(name, "name=" + name);
  return mounts;
}

std::vector<oci::Mount> expand(const oci::Mount& mount, const oci::LinuxConfig& config,
                               const std::string& group) {
  const CgroupLayout layout = detect_cgroups("disabled").layout;
  const bool is_legacy = layout == CgroupLayout::legacy || layout == CgroupLayout::hybrid;
  // v1 is for root of the machine alone; v2 may be mounted beside it.
  const bool is_root =
      !linux::in_user_namespace() && config.find_namespace(oci::NamespaceType::user) == nullptr;
  if (is_legacy && is_root) return expand_legacy(mount, config, group);
  if (!has_own(config, oci::NamespaceType::cgroup)) {
    if (layout == CgroupLayout::none) return {};
    return {bound(k_mount_point, mount)};
  }
  oci::Mount whole = mount;
  whole.type = "cgroup2";
  return {whole};
}

}  // namespace

std::optional<oci::RuntimeSpec> with_cgroup_mounts(const oci::RuntimeSpec& spec,
                                                   const std::string& group) {
  if (std::ranges::none_of(spec.mounts, stands_for_all)) return std::nullopt;
  oci::RuntimeSpec changed = spec;
  changed.mounts.clear();
  for (const auto& mount : spec.mounts) {
    if (!stands_for_all(mount)) {
      changed.mounts.push_back(mount);
      continue;
    }
    for (auto& part : expand(mount, spec.linux, group)) changed.mounts.push_back(std::move(part));
  }
  return changed;
}

}  // namespace coracle::runtime
