// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/strings.hpp"
#include "engine/spec/spec.hpp"

namespace coracle::engine {
namespace {

using store::NamespaceMode;
using Options = std::vector<std::string>;

oci::Mount bind_mount(std::string source, std::string destination, Options options) {
  return {std::move(destination), "bind", std::move(source), std::move(options), {}, {}};
}

/// What systemd mounts itself, where it may.
void add_systemd_mounts(std::vector<oci::Mount>& mounts) {
  for (const char* place : {"/run", "/run/lock", "/tmp", "/var/log/journal"}) {
    const char* mode = std::string_view(place) == "/tmp" ? "mode=1777" : "mode=755";
    mounts.push_back({place,
                      "tmpfs",
                      "tmpfs",
                      {"rw", "rprivate", "nosuid", "nodev", "tmpcopyup", mode},
                      {},
                      {}});
  }
}

void add_cgroup_mounts(const store::ContainerConfig& config, const SpecFacts& facts,
                       std::vector<oci::Mount>& mounts) {
  const bool is_writable = config.privileged || config.is_systemd;
  Options options = {"nosuid", "noexec", "nodev", "relatime", is_writable ? "rw" : "ro"};
  if (facts.cgroup_view == CgroupView::none) return;
  if (config.cgroup.mode == NamespaceMode::host) {
    options.insert(options.begin(), "rbind");
    mounts.push_back(bind_mount("/sys/fs/cgroup", "/sys/fs/cgroup", std::move(options)));
    return;
  }
  if (facts.cgroup_view == CgroupView::unified) {
    mounts.push_back({"/sys/fs/cgroup", "cgroup2", "cgroup", std::move(options), {}, {}});
    return;
  }
  mounts.push_back({"/sys/fs/cgroup",
                    "tmpfs",
                    "tmpfs",
                    {"nosuid", "noexec", "nodev", "mode=755", "size=64k"},
                    {},
                    {}});
  for (const auto& controller : facts.cgroup_controllers) {
    Options one = options;
    one.push_back(controller);
    mounts.push_back({"/sys/fs/cgroup/" + controller, "cgroup", "cgroup", std::move(one), {}, {}});
  }
}

std::vector<oci::Mount> default_mounts(const store::ContainerConfig& config,
                                       const SpecFacts& facts) {
  std::vector<oci::Mount> mounts;
  Options proc = {"nosuid", "noexec", "nodev"};
  proc.insert(proc.end(), config.proc_options.begin(), config.proc_options.end());
  mounts.push_back({"/proc", "proc", "proc", std::move(proc), {}, {}});
  mounts.push_back(
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}, {}, {}});
  mounts.push_back({"/sys",
                    "sysfs",
                    "sysfs",
                    {"nosuid", "noexec", "nodev", config.privileged ? "rw" : "ro"},
                    {},
                    {}});
  Options pts = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"};
  if (facts.has_tty_group) pts.emplace_back("gid=5");
  mounts.push_back({"/dev/pts", "devpts", "devpts", std::move(pts), {}, {}});
  if (config.ipc.mode == NamespaceMode::host) {
    if (facts.host_has_mqueue) {
      mounts.push_back(
          bind_mount("/dev/mqueue", "/dev/mqueue", {"rbind", "nosuid", "noexec", "nodev"}));
    }
    mounts.push_back(bind_mount("/dev/shm", "/dev/shm", {"rbind", "nosuid", "noexec", "nodev"}));
  } else {
    mounts.push_back({"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}, {}, {}});
  }
  if (!facts.shared_memory.empty()) {
    mounts.push_back(
        bind_mount(facts.shared_memory, "/dev/shm", {"bind", "nosuid", "noexec", "nodev"}));
  } else if (config.ipc.mode != NamespaceMode::host && config.ipc.mode != NamespaceMode::none) {
    mounts.push_back(
        {"/dev/shm",
         "tmpfs",
         "shm",
         {"nosuid", "noexec", "nodev", "mode=1777", fmt::format("size={}", config.shm_size)},
         {},
         {}});
  }
  add_cgroup_mounts(config, facts, mounts);
  return mounts;
}

void add_files(const store::ContainerConfig& config, const SpecFacts& facts,
               std::vector<oci::Mount>& mounts) {
  const Options options = {"bind", "rprivate", "rw"};
  const std::pair<const std::string&, const char*> files[] = {
      {facts.hosts_path, "/etc/hosts"},
      {facts.resolv_conf_path, "/etc/resolv.conf"},
      {facts.hostname_path, "/etc/hostname"},
      {facts.containerenv_path, "/run/.containerenv"}};
  for (const auto& [source, destination] : files) {
    if (source.empty()) continue;
    mounts.push_back(bind_mount(source, destination, options));
    for (const auto& root : config.chroot_directories) {
      if (std::string_view(destination).starts_with("/etc/")) {
        mounts.push_back(bind_mount(source, root + destination, options));
      }
    }
  }
  for (const auto& [source, destination] : facts.emulation_files) {
    mounts.push_back(bind_mount(source, destination, {"bind", "rprivate", "ro"}));
  }
  if (!config.init_program.empty()) {
    mounts.push_back(
        bind_mount(config.init_program, std::string(k_init_place), {"bind", "rprivate", "ro"}));
  }
  if (!facts.notify_directory.empty()) {
    mounts.push_back(bind_mount(facts.notify_directory, std::string(k_notify_directory), options));
  }
}

void add_writable_places(std::vector<oci::Mount>& mounts) {
  for (const char* place : {"/run", "/tmp", "/var/tmp"}) {
    mounts.push_back({place,
                      "tmpfs",
                      "tmpfs",
                      {"rw", "rprivate", "nosuid", "nodev", "tmpcopyup", "mode=1777"},
                      {},
                      {}});
  }
}

oci::Mount to_oci(const store::ContainerMount& mount, const oci::User& user) {
  oci::Mount result{mount.destination, mount.type, mount.source, {}, {}, {}};
  bool has_bind = false;
  bool has_propagation = false;
  for (const auto& option : mount.options) {
    // What the engine itself sees to.
    if (option == "z" || option == "Z" || option == "U" || option == "copy" || option == "nocopy" ||
        option == "notmpcopyup") {
      continue;
    }
    has_bind = has_bind || option == "bind" || option == "rbind";
    has_propagation = has_propagation || option.ends_with("private") ||
                      option.ends_with("shared") || option.ends_with("slave") ||
                      option.ends_with("unbindable");
    result.options.push_back(option);
  }
  if (mount.type == "volume" || mount.type == "image") {
    result.type = "bind";
    // Before the user's own, which count more.
    result.options.insert(result.options.begin(), {"nosuid", "nodev"});
  }
  if (result.type == "bind") {
    if (!has_bind) result.options.emplace_back("rbind");
    if (!has_propagation) result.options.emplace_back("rprivate");
  } else if (mount.type == "tmpfs") {
    const bool copies = std::ranges::find(mount.options, "notmpcopyup") == mount.options.end();
    result.source = "tmpfs";
    // Before the user's own, which count more.
    result.options.insert(result.options.begin(), {"nosuid", "nodev"});
    if (mount.chown) {
      result.options.push_back(fmt::format("uid={}", user.uid));
      result.options.push_back(fmt::format("gid={}", user.gid));
    }
    if (copies) result.options.emplace_back("tmpcopyup");
  } else if (mount.type == "devpts") {
    result.source = "devpts";
    result.options.insert(result.options.begin(),
                          {"nosuid", "noexec", "newinstance", "ptmxmode=0666"});
  } else if (mount.type == "ramfs") {
    result.source = "ramfs";
    result.options.insert(result.options.begin(), {"nosuid", "nodev"});
  }
  return result;
}

}  // namespace

std::vector<oci::Mount> plan_mounts(const store::ContainerConfig& config, const SpecFacts& facts,
                                    const oci::User& user) {
  std::vector<oci::Mount> mounts = default_mounts(config, facts);
  if (config.read_only && config.read_only_tmpfs) add_writable_places(mounts);
  if (config.is_systemd) {
    std::erase_if(mounts, [](const oci::Mount& mount) {
      return mount.destination == "/run" || mount.destination == "/tmp";
    });
    add_systemd_mounts(mounts);
  }
  add_files(config, facts, mounts);
  std::vector<oci::Mount> asked;
  for (const auto& mount : config.mounts) asked.push_back(to_oci(mount, user));
  // What the user mounts replaces ours at the same place; parents come before what lies in them.
  std::erase_if(mounts, [&](const oci::Mount& ours) {
    return std::ranges::any_of(
        asked, [&](const oci::Mount& mount) { return mount.destination == ours.destination; });
  });
  std::ranges::stable_sort(asked, {}, [](const oci::Mount& mount) {
    return std::ranges::count(mount.destination, '/');
  });
  // /run/.containerenv and the like must not be hidden by a mount on their directory.
  const auto first_bind = std::ranges::find_if(mounts, [](const oci::Mount& mount) {
    return mount.type == "bind" && mount.destination.starts_with("/etc/");
  });
  mounts.insert(first_bind, asked.begin(), asked.end());
  for (const auto& [source, destination] : facts.secret_files) {
    mounts.push_back(
        bind_mount(source, destination, {"bind", "rprivate", "ro", "nosuid", "nodev", "noexec"}));
  }
  return mounts;
}

}  // namespace coracle::engine
