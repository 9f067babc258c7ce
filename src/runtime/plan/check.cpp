// SPDX-License-Identifier: Apache-2.0
// What config.md and config-linux.md forbid, or what would touch the host, or would be passed over
// without a word.
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::runtime {
namespace {

using oci::NamespaceType;

constexpr std::string_view k_sysctl_root = "/proc/sys/";

bool has(const oci::LinuxConfig& config, NamespaceType type) {
  return config.find_namespace(type) != nullptr;
}

template <typename... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(ErrorClass::invalid_argument,
              fmt::format(format, std::forward<Arguments>(arguments)...));
}

void check_names(const oci::RuntimeSpec& spec) {
  if (has(spec.linux, NamespaceType::uts)) return;
  if (!spec.hostname.empty()) {
    refuse("the host name '{}' needs a uts namespace: the host's would change", spec.hostname);
  }
  if (!spec.domainname.empty()) {
    refuse("the domain name '{}' needs a uts namespace: the host's would change", spec.domainname);
  }
}

void check_mount_namespace(const oci::RuntimeSpec& spec) {
  const oci::LinuxConfig& config = spec.linux;
  const oci::Namespace* entry = config.find_namespace(NamespaceType::mount);
  if (entry == nullptr) {
    refuse("the configuration has no mount namespace: the root file system would be the host's");
  }
  if (entry->path.empty()) return;
  const bool changes_mounts = !spec.mounts.empty() || !config.devices.empty() ||
                              !config.masked_paths.empty() || !config.readonly_paths.empty() ||
                              !config.rootfs_propagation.empty();
  if (changes_mounts) {
    refuse("the mount namespace '{}' is another's: mounts, devices and paths need one of their own",
           entry->path);
  }
}

void check_user_namespace(const oci::LinuxConfig& config) {
  const oci::Namespace* entry = config.find_namespace(NamespaceType::user);
  const bool has_maps = !config.uid_mappings.empty() || !config.gid_mappings.empty();
  // Of one that is joined podman and containerd say some, too: its own count.
  if (has_maps && entry == nullptr) {
    refuse("uidMappings and gidMappings need a new user namespace");
  }
  if (entry != nullptr && entry->path.empty() &&
      (config.uid_mappings.empty() || config.gid_mappings.empty())) {
    refuse("the new user namespace needs uidMappings and gidMappings");
  }
}

void check_time_offsets(const oci::LinuxConfig& config) {
  if (!config.boottime_offset && !config.monotonic_offset) return;
  const oci::Namespace* entry = config.find_namespace(NamespaceType::time);
  if (entry == nullptr || !entry->path.empty()) refuse("timeOffsets need a new time namespace");
}

bool is_of_ipc(std::string_view path) {
  constexpr std::array<std::string_view, 8> k_ipc = {
      "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem",
      "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced"};
  return path.starts_with("fs/mqueue/") || std::ranges::find(k_ipc, path) != k_ipc.end();
}

/// Which namespace a setting belongs to, so that one of the container's own keeps it from the host.
std::optional<NamespaceType> namespace_of_sysctl(std::string_view path) {
  if (is_of_ipc(path)) return NamespaceType::ipc;
  if (path.starts_with("net/")) return NamespaceType::network;
  if (path.starts_with("user/")) return NamespaceType::user;
  if (path == "kernel/domainname" || path == "kernel/hostname") return NamespaceType::uts;
  return std::nullopt;
}

void check_sysctls(const oci::RuntimeSpec& spec) {
  for (const auto& [name, value] : spec.linux.sysctl) {
    const std::string whole = sysctl_path(name);
    const std::string_view path = std::string_view(whole).substr(k_sysctl_root.size());
    const auto type = namespace_of_sysctl(path);
    if (!type) refuse("sysctl '{}' is not in a separate kernel namespace", name);
    if (!has(spec.linux, *type)) {
      refuse("sysctl '{}' is not allowed in the host's {} namespace", name, oci::to_string(*type));
    }
    if (path == "kernel/hostname" && !spec.hostname.empty()) {
      refuse("sysctl '{}' conflicts with the host name '{}'", name, spec.hostname);
    }
    if (path == "kernel/domainname" && !spec.domainname.empty()) {
      refuse("sysctl '{}' conflicts with the domain name '{}'", name, spec.domainname);
    }
  }
}

void check_interfaces(const oci::LinuxConfig& config) {
  if (config.net_devices.empty()) return;
  if (!has(config, NamespaceType::network)) {
    refuse("netDevices need a network namespace: they would stay the host's");
  }
  const auto is_name = [](std::string_view name) {
    constexpr std::size_t k_longest = 15;  // IFNAMSIZ with its zero.
    return !name.empty() && name.size() <= k_longest && name != "." && name != ".." &&
           name.find_first_of("/: \t\n") == std::string_view::npos;
  };
  std::vector<std::string_view> taken;
  for (const auto& [host_name, wanted] : config.net_devices) {
    const std::string_view name = wanted.empty() ? host_name : wanted;
    if (!is_name(host_name)) refuse("netDevices: invalid interface name '{}'", host_name);
    if (!is_name(name)) refuse("netDevices: invalid interface name '{}'", name);
    if (name.find('%') == std::string_view::npos && std::ranges::find(taken, name) != taken.end()) {
      refuse("netDevices: two interfaces are to be named '{}'", name);
    }
    taken.push_back(name);
  }
}

void check_seccomp(const oci::LinuxConfig& config) {
  if (config.seccomp && !config.seccomp->listener_metadata.empty() &&
      config.seccomp->listener_path.empty()) {
    refuse("seccomp: listenerMetadata needs a listenerPath");
  }
}

void check_paths(const oci::RuntimeSpec& spec) {
  const std::string& directory = spec.process->cwd;
  if (!directory.empty() && !directory.starts_with('/')) {
    refuse("the working directory '{}' is not absolute", directory);
  }
  const oci::Hooks& hooks = spec.hooks;
  for (const auto* list : {&hooks.prestart, &hooks.create_runtime, &hooks.create_container,
                           &hooks.start_container, &hooks.poststart, &hooks.poststop}) {
    for (const auto& hook : *list) {
      if (!hook.path.starts_with('/')) refuse("the path '{}' of a hook is not absolute", hook.path);
    }
  }
}

}  // namespace

void check_container(const oci::RuntimeSpec& spec) {
  check_paths(spec);
  check_mount_namespace(spec);
  check_user_namespace(spec.linux);
  check_names(spec);
  check_time_offsets(spec.linux);
  check_sysctls(spec);
  check_interfaces(spec.linux);
  check_seccomp(spec.linux);
}

void check_chroot(const oci::RuntimeSpec& spec) {
  const oci::LinuxConfig& config = spec.linux;
  const bool changes_mounts = !spec.mounts.empty() || !config.masked_paths.empty() ||
                              !config.readonly_paths.empty() || (spec.root && spec.root->readonly);
  if (!config.namespaces.empty()) refuse("a chroot has no namespaces");
  if (changes_mounts) refuse("in a chroot nothing is mounted: mounts would be the host's");
  check_paths(spec);
  check_user_namespace(config);
  check_names(spec);
  check_time_offsets(config);
  check_sysctls(spec);
  check_interfaces(config);
  check_seccomp(config);
}

std::string plan_time_offsets(const oci::LinuxConfig& config) {
  std::string text;
  const auto add = [&](std::string_view clock, const std::optional<oci::TimeOffset>& offset) {
    if (offset) text += fmt::format("{} {} {}\n", clock, offset->secs, offset->nanosecs);
  };
  add("monotonic", config.monotonic_offset);
  add("boottime", config.boottime_offset);
  return text;
}

}  // namespace coracle::runtime
