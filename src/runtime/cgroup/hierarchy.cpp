// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "runtime/cgroup/hierarchy_internal.hpp"

namespace coracle::runtime {

namespace cgroup {

std::vector<Membership> parse_memberships(std::string_view text) {
  std::vector<Membership> memberships;
  for (const auto& line : split(text, '\n')) {
    // ID:CONTROLLERS:PATH, and the path may hold colons.
    const auto id = split_once(line, ':');
    if (!id) continue;
    const auto rest = split_once(id->second, ':');
    if (!rest || !rest->second.starts_with('/')) continue;
    Membership membership;
    if (!rest->first.empty()) membership.controllers = split(rest->first, ',');
    membership.path = rest->second;
    memberships.push_back(std::move(membership));
  }
  return memberships;
}

std::vector<LegacyHierarchy> writable_hierarchies(const std::vector<Membership>& memberships) {
  std::vector<LegacyHierarchy> hierarchies;
  for (const auto& [controllers, path] : memberships) {
    if (controllers.empty()) continue;
    std::string name = join(controllers, ",");
    if (name.starts_with("name=")) name.erase(0, 5);
    std::string directory = fmt::format("{}/{}", k_mount_point, name);
    if (::access((directory + "/cgroup.procs").c_str(), W_OK) != 0) continue;
    hierarchies.push_back({controllers, std::move(directory)});
  }
  return hierarchies;
}

std::string unified_directory(CgroupLayout layout) {
  switch (layout) {
    case CgroupLayout::unified: return k_mount_point;
    case CgroupLayout::hybrid: return k_hybrid_unified;
    case CgroupLayout::none:
    case CgroupLayout::legacy: return "";
  }
  return "";
}

}  // namespace cgroup

std::vector<std::string> cgroup::named_hierarchies() {
  constexpr std::string_view k_prefix = "name=";
  std::vector<std::string> names;
  for (const auto& membership : parse_memberships(linux::read_file("/proc/self/cgroup"))) {
    if (membership.controllers.empty()) continue;
    const std::string& name = membership.controllers.front();
    if (!name.starts_with(k_prefix)) continue;
    if (linux::exists(fmt::format("{}/{}", k_mount_point, name.substr(k_prefix.size()))))
      names.push_back(name.substr(k_prefix.size()));
  }
  return names;
}

std::vector<std::string> legacy_hierarchies() {
  std::vector<std::string> hierarchies;
  for (const auto& [controllers, path] :
       cgroup::parse_memberships(linux::read_file("/proc/self/cgroup"))) {
    if (controllers.empty() || controllers.front().starts_with("name=")) continue;
    const std::string name = join(controllers, ",");
    if (linux::exists(fmt::format("{}/{}", cgroup::k_mount_point, name)))
      hierarchies.push_back(name);
  }
  return hierarchies;
}

}  // namespace coracle::runtime
