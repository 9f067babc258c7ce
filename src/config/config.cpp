// SPDX-License-Identifier: Apache-2.0
#include "coracle/config/config.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "config/config_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/user_database.hpp"

namespace coracle::config {
namespace {

std::string environment(const char* name) {
  const char* value = ::getenv(name);
  return value != nullptr ? value : "";
}

std::string first_set(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (auto value = environment(name); !value.empty()) return value;
  }
  return "";
}

std::string data_home() {
  auto path = environment("XDG_DATA_HOME");
  return path.empty() ? home_directory() + "/.local/share" : path;
}

std::string config_home() {
  auto path = environment("XDG_CONFIG_HOME");
  return path.empty() ? home_directory() + "/.config" : path;
}

/// In /tmp anybody may have made the directory first: it must be ours alone.
std::string private_tmp_directory(uid_t uid) {
  const std::string path = fmt::format("/tmp/coracle-run-{}", uid);
  if (const auto info = linux::stat_if_exists(path)) {
    if (!S_ISDIR(info->st_mode) || info->st_uid != uid || (info->st_mode & 077) != 0) {
      throw Error(ErrorClass::permission_denied,
                  "'{}' is not a private directory of this user; set XDG_RUNTIME_DIR or --runroot",
                  path);
    }
  }
  return path;
}

std::string default_runroot(uid_t uid) {
  const auto runtime = environment("XDG_RUNTIME_DIR");
  if (!runtime.empty() && ::access(runtime.c_str(), W_OK) == 0) return runtime + "/coracle";
  return private_tmp_directory(uid);
}

std::string absolute(std::string path) {
  if (path.starts_with('/')) return path;
  char* directory = ::get_current_dir_name();
  if (directory == nullptr) throw SysError("cannot find the working directory");
  std::string result = std::string(directory) + "/" + path;
  ::free(directory);
  return result;
}

void load_files(Config& config) {
  std::vector<std::string> files = {"/etc/coracle/coracle.conf"};
  if (config.rootless) files.push_back(config_home() + "/coracle/coracle.conf");
  if (auto file = environment("CORACLE_CONF"); !file.empty()) files = {std::move(file)};
  for (const auto& file : files) {
    if (const auto text = linux::read_file_if_exists(file, 1U << 20)) {
      apply_toml(*text, file, config);
    }
  }
}

}  // namespace

std::string home_directory() {
  if (auto home = environment("HOME"); !home.empty()) return home;
  const auto passwd = linux::read_file_if_exists("/etc/passwd");
  const auto entry = linux::find_user_by_uid(passwd.value_or(""), ::getuid());
  if (entry && !entry->home.empty()) return entry->home;
  throw Error(ErrorClass::invalid_argument, "the home directory is not known: set HOME");
}

Config load(const Overrides& overrides) {
  Config config;
  const uid_t uid = ::geteuid();
  config.rootless = uid != 0;
  config.default_capabilities = {"CAP_CHOWN",  "CAP_DAC_OVERRIDE",     "CAP_FOWNER", "CAP_FSETID",
                                 "CAP_KILL",   "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID",
                                 "CAP_SETPCAP", "CAP_SETUID",          "CAP_SYS_CHROOT"};
  load_files(config);
  const auto choose = [](const std::optional<std::string>& flag,
                         std::initializer_list<const char*> names, std::string& value) {
    if (auto set = flag ? *flag : first_set(names); !set.empty()) value = std::move(set);
  };
  choose(overrides.root, {"CORACLE_ROOT"}, config.root);
  choose(overrides.runroot, {"CORACLE_RUNROOT"}, config.runroot);
  choose(overrides.storage_driver, {"CORACLE_STORAGE_DRIVER", "STORAGE_DRIVER"},
         config.storage_driver);
  choose(overrides.cgroup_manager, {"CORACLE_CGROUP_MANAGER"}, config.cgroup_manager);
  if (config.root.empty()) {
    config.root = config.rootless ? data_home() + "/coracle" : "/var/lib/coracle";
  }
  if (config.runroot.empty()) config.runroot = config.rootless ? default_runroot(uid) : "/run/coracle";
  config.root = absolute(std::move(config.root));
  config.runroot = absolute(std::move(config.runroot));
  if (!config.storage_driver.empty() && config.storage_driver != "overlay" &&
      config.storage_driver != "fuse-overlayfs" && config.storage_driver != "vfs") {
    throw Error(ErrorClass::invalid_argument,
                "unknown storage driver '{}': expected overlay, fuse-overlayfs or vfs",
                config.storage_driver);
  }
  return config;
}

}  // namespace coracle::config
