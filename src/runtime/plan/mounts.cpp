// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mount.h>

#include <algorithm>
#include <array>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/runtime/features.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::runtime {
namespace {

struct AttributeOption {
  std::string_view name;
  std::uint64_t set;
  std::uint64_t clear;
};

// config.md, "Linux mount options": those that mount_setattr(2) knows. Each has an "r" form that
// holds for the mounts below, too.
constexpr std::array<AttributeOption, 18> k_attributes = {{
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", 0, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", 0, 0},  // What the kernel does without it is the same.
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
}};

struct FlagOption {
  std::string_view name;
  unsigned long set;
  unsigned long clear;
};

constexpr std::array<FlagOption, 12> k_file_system_flags = {{
    {"sync", MS_SYNCHRONOUS, 0},
    {"async", 0, MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC, 0},
    {"mand", MS_MANDLOCK, 0},
    {"nomand", 0, MS_MANDLOCK},
    {"lazytime", MS_LAZYTIME, 0},
    {"nolazytime", 0, MS_LAZYTIME},
    {"iversion", MS_I_VERSION, 0},
    {"noiversion", 0, MS_I_VERSION},
    {"silent", MS_SILENT, 0},
    {"loud", 0, MS_SILENT},
    {"defaults", 0, 0},
}};

struct PropagationOption {
  std::string_view name;
  unsigned long flag;
  bool recursive;
};

constexpr std::array<PropagationOption, 8> k_propagations = {{
    {"private", MS_PRIVATE, false},
    {"rprivate", MS_PRIVATE, true},
    {"slave", MS_SLAVE, false},
    {"rslave", MS_SLAVE, true},
    {"shared", MS_SHARED, false},
    {"rshared", MS_SHARED, true},
    {"unbindable", MS_UNBINDABLE, false},
    {"runbindable", MS_UNBINDABLE, true},
}};

template <typename Table>
auto find_option(const Table& table, std::string_view name) {
  return std::ranges::find_if(table, [&](const auto& entry) { return entry.name == name; });
}

bool apply_attribute_option(std::string_view option, MountAttributes& attributes) {
  if (const auto* found = find_option(k_attributes, option); found != k_attributes.end()) {
    attributes.set = (attributes.set & ~found->clear) | found->set;
    attributes.clear = (attributes.clear & ~found->set) | found->clear;
    return true;
  }
  if (!option.starts_with('r')) return false;
  const auto* found = find_option(k_attributes, option.substr(1));
  if (found == k_attributes.end()) return false;
  attributes.recursive_set = (attributes.recursive_set & ~found->clear) | found->set;
  attributes.recursive_clear = (attributes.recursive_clear & ~found->set) | found->clear;
  return true;
}

/// Returns whether the option is one of the mount itself; others are data of the file system.
bool apply_option(std::string_view option, MountStep& step) {
  if (option == "bind" || option == "rbind") {
    step.kind = MountStep::Kind::bind;
    step.recursive = step.recursive || option == "rbind";
    return true;
  }
  if (option == "idmap" || option == "ridmap") {
    step.owners = option == "idmap" ? OwnerMapping::mount : OwnerMapping::tree;
    return true;
  }
  if (option == "tmpcopyup") {
    step.copy_up = true;
    return true;
  }
  if (const auto* found = find_option(k_propagations, option); found != k_propagations.end()) {
    step.attributes.propagation = found->flag;
    step.attributes.propagation_recursive = found->recursive;
    return true;
  }
  if (const auto* found = find_option(k_file_system_flags, option);
      found != k_file_system_flags.end()) {
    step.flags = (step.flags & ~found->clear) | found->set;
    return true;
  }
  return apply_attribute_option(option, step.attributes);
}

/// config.md, "Mounts": maps without one of the options, which older engines leave out, mean them.
void plan_owners(const oci::Mount& mount, MountStep& step) {
  const bool has_maps = !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
  if (has_maps && step.owners == OwnerMapping::none) step.owners = OwnerMapping::mount;
  if (step.owners == OwnerMapping::none) return;
  if (step.kind != MountStep::Kind::bind) {
    throw Error(ErrorClass::invalid_argument,
                "the mount of type '{}' on '{}' cannot be id-mapped: only bind mounts can",
                step.type, step.target);
  }
  if (has_maps && (mount.uid_mappings.empty() || mount.gid_mappings.empty())) {
    throw Error(ErrorClass::invalid_argument,
                "the id-mapped mount on '{}' needs both uidMappings and gidMappings", step.target);
  }
}

/// What mounts made by the runtime alone may hold: no "..", no doubled slashes.
std::string normalize(std::string_view path) {
  std::vector<std::string> parts;
  for (auto& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(std::move(part));
    }
  }
  return "/" + join(parts, "/");
}

}  // namespace

std::vector<std::string> mount_options() {
  std::vector<std::string> names = {"bind", "rbind", "tmpcopyup", "idmap", "ridmap"};
  for (const auto& entry : k_attributes) {
    names.emplace_back(entry.name);
    names.push_back("r" + std::string(entry.name));
  }
  for (const auto& entry : k_propagations) names.emplace_back(entry.name);
  for (const auto& entry : k_file_system_flags) names.emplace_back(entry.name);
  std::ranges::sort(names);
  return names;
}

unsigned long parse_propagation(std::string_view name) {
  if (name.empty()) return 0;
  const auto* found = find_option(k_propagations, name);
  if (found == k_propagations.end()) {
    throw Error(ErrorClass::invalid_argument, "unknown mount propagation '{}'", name);
  }
  return found->flag | (found->recursive ? unsigned{MS_REC} : 0U);
}

MountStep plan_mount(const oci::Mount& mount, std::string_view bundle) {
  MountStep step;
  step.type = mount.type;
  step.source = mount.source;
  step.target = normalize(mount.destination);
  if (step.target == "/") {
    throw Error(ErrorClass::invalid_argument, "a mount on '{}' would hide the root file system",
                mount.destination);
  }
  if (mount.type == "bind") {
    step.kind = MountStep::Kind::bind;
    step.recursive = std::ranges::find(mount.options, "bind") == mount.options.end();
  }
  for (const auto& option : mount.options) {
    if (apply_option(option, step)) continue;
    if (!step.data.empty()) step.data += ',';
    step.data += option;
  }
  if (step.kind == MountStep::Kind::bind) {
    // config.md, "Linux mount options": what is not known is the file system's, and no bind mount
    // makes one.
    if (!step.data.empty()) {
      log::warn("ignoring the unknown option '{}' of the bind mount on '{}'", step.data,
                step.target);
    }
    if (!step.source.starts_with('/')) step.source = std::string(bundle) + "/" + step.source;
  } else if (step.source.empty()) {
    step.source = step.type;
  }
  step.readonly_at_last =
      step.type == "tmpfs" && step.kind == MountStep::Kind::file_system &&
      ((step.attributes.set | step.attributes.recursive_set) & MOUNT_ATTR_RDONLY) != 0;
  step.bind_when_refused = step.type == "sysfs" || step.type == "proc";
  plan_owners(mount, step);
  return step;
}

}  // namespace coracle::runtime
