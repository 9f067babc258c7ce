// SPDX-License-Identifier: Apache-2.0
// What the user configured, from flags, environment, file and defaults, in that order; constant
// once loaded. Keys are listed once, in config.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::config {

struct Config {
  bool rootless = false;
  std::string root;            ///< graph root: images and containers
  std::string runroot;         ///< what does not outlive a boot
  std::string storage_driver;  ///< "", "overlay", "fuse-overlayfs" or "vfs"; "" chooses by probing
  std::string cgroup_manager;  ///< "", "cgroupfs", "systemd" or "disabled"

  // Defaults of containers (containers.conf, [containers]).
  std::vector<std::string> default_capabilities;
  std::vector<std::string> default_ulimits;
  std::vector<std::string> default_env;
  std::string seccomp_profile;  ///< path, or "" for the built-in one
  std::string log_driver = "json-file";
  std::int64_t log_size_max = 10 << 20;  ///< bytes a log file may have before it is rotated
  std::int64_t pids_limit = 2048;
  std::int64_t shm_size = 64 << 20;
  std::int64_t stop_timeout = 10;  ///< seconds
  bool init = false;
  std::string timezone;
  std::string umask = "0022";
  std::string user_namespace;
  std::string network;
  std::string detach_keys = "ctrl-p,ctrl-q";
};

/// Global flags; unset ones leave the word to environment, file and default.
struct Overrides {
  std::optional<std::string> root;
  std::optional<std::string> runroot;
  std::optional<std::string> storage_driver;
  std::optional<std::string> cgroup_manager;
};

/// Reads the environment and, where they exist, the configuration files. Creates nothing.
/// @throws Error invalid_argument naming file and key
Config load(const Overrides& overrides);

/// A key of the configuration file, for the manual page: [table] key, type, what it does.
struct KeyDescription {
  std::string_view table;
  std::string_view key;
  std::string_view type;
  std::string_view help;
};
const std::vector<KeyDescription>& describe_keys();

/// The directories of the user: $HOME or that of /etc/passwd; $XDG_RUNTIME_DIR or a directory in
/// /tmp that is the user's alone.
std::string home_directory();

}  // namespace coracle::config
