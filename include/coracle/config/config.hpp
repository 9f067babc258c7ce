// SPDX-License-Identifier: Apache-2.0
// What the user configured, from flags, environment, files and defaults, in that order; constant
// once loaded. The keys are listed once, in settings.cpp; the defaults are those of `Config`. The
// files are containers.conf(5), containers-storage.conf(5) and our own coracle.conf(5).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::config {

/// The storage drivers.
inline constexpr std::string_view k_overlay = "overlay";
inline constexpr std::string_view k_fuse_overlayfs = "fuse-overlayfs";
/// Gives each container a copy of its image, in its upper directory.
inline constexpr std::string_view k_vfs = "vfs";

/// Where new networks get their subnets from, and how large those are.
struct SubnetPool {
  std::string base;        ///< "10.89.0.0/16"
  std::int64_t size = 24;  ///< prefix of the networks made of it
  bool operator==(const SubnetPool&) const = default;
};

struct Config {
  /// Without the rights of the machine's root: an ordinary user, or the root of a user namespace or
  /// of a container of another engine's.
  bool rootless = false;
  /// This process is in the user namespace already that its containers live in (`unshare`).
  bool in_engine_namespace = false;
  std::string root;                          ///< graph root: images and containers
  std::string runroot;                       ///< what does not outlive a boot
  std::string storage_driver;                ///< one of the above; "" chooses by probing
  std::vector<std::string> storage_options;  ///< "driver.option=value", as storage.conf has them
  std::vector<std::string> hooks_dirs;       ///< of oci-hooks(5)
  std::string cgroup_manager;                ///< "", "cgroupfs", "systemd" or "disabled"

  // Defaults of containers (containers.conf, [containers]).
  std::vector<std::string> default_capabilities = {
      "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",    "CAP_FSETID",
      "CAP_KILL",    "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",   "CAP_SETGID",
      "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT"};
  std::vector<std::string> default_ulimits;
  /// Everybody's ping works, without privileges.
  std::vector<std::string> default_sysctls = {"net.ipv4.ping_group_range=0 0"};
  std::vector<std::string> default_env;
  std::vector<std::string> annotations;
  std::string seccomp_profile;  ///< path, or "" for the built-in one
  std::string apparmor_profile;
  std::string root_emulation = "auto";   ///< or "always", "never"
  std::string chroot_fallback = "auto";  ///< or "never"
  std::string log_driver = "json-file";
  std::int64_t log_size_max = 10 << 20;  ///< bytes a log file may have before it is rotated
  std::int64_t pids_limit = 2048;
  std::int64_t shm_size = 64 << 20;  ///< bytes
  std::int64_t stop_timeout = 10;    ///< seconds
  bool init = false;
  std::string init_path;   ///< of the init on the host; empty: the one that is built in
  bool http_proxy = true;  ///< hand the proxy variables of the caller on
  bool env_host = false;
  bool read_only = false;
  bool no_hosts = false;
  std::string timezone;
  std::string umask = "0022";
  std::string user_namespace;
  std::string cgroup_namespace = "private";
  std::string ipc_namespace = "shareable";
  std::string pid_namespace = "private";
  std::string uts_namespace = "private";
  std::string network;
  std::vector<std::string> dns_servers;
  std::vector<std::string> dns_searches;
  std::vector<std::string> dns_options;
  std::string detach_keys = "ctrl-p,ctrl-q";

  /// Bytes that builds may keep for later ones; 0: a tenth of the disk, -1: any number.
  std::int64_t build_cache_size_max = 0;
  /// Bytes that images and logs may take before what was not used for longest goes; -1: any number.
  std::int64_t images_size_max = -1;
  std::int64_t logs_size_max = -1;

  // More of [containers].
  std::string base_hosts_file;  ///< "", a path, "image" or "none"
  std::vector<std::string> cgroup_conf;
  std::string cgroups = "enabled";
  std::vector<std::string> devices;
  std::string host_containers_internal_ip;  ///< "", an address or "none"
  std::string interface_name;               ///< "" or "device"
  bool label = true;
  std::string log_path;
  std::string log_tag;
  std::vector<std::string> mounts;  ///< as --mount takes them
  std::optional<std::int64_t> oom_score_adjustment;
  bool privileged = false;
  std::vector<std::string> volumes;  ///< as --volume takes them

  // [network]
  std::string default_network = "podman";
  std::string default_subnet = "10.88.0.0/16";
  std::vector<SubnetPool> subnet_pools;        ///< empty: podman's
  std::string rootless_network_cmd = "pasta";  ///< or "slirp4netns"
  std::vector<std::string> pasta_options;
  std::vector<std::string> slirp4netns_options;

  // More of [engine].
  std::string compression_format;  ///< of pushed layers; "": gzip
  std::optional<std::int64_t> compression_level;
  std::vector<std::string> engine_env;  ///< set in the engine's own environment
  std::string events_logger;            ///< "", "file", "journald" or "none"
  std::string events_logfile_path;
  std::int64_t events_logfile_max_size = 1'000'000;  ///< bytes; 0: no limit
  bool healthcheck_events = true;
  std::vector<std::string> helper_binaries_dirs;  ///< looked into before $PATH
  std::string image_default_format;               ///< "", "oci" or "v2s2"
  std::int64_t image_parallel_copies = 0;         ///< layers at once; 0: the engine's choice
  std::string image_volume_mode;                  ///< "", "anonymous", "bind", "tmpfs" or "ignore"
  std::string pod_exit_policy = "continue";
  std::string pull_policy = "missing";
  std::int64_t retry = 3;
  std::string retry_delay;

  // [secrets]
  std::string secrets_driver = "file";
  std::map<std::string, std::string> secrets_options;

  // [storage.options]
  std::int64_t auto_userns_min_size = 1024;
  std::int64_t auto_userns_max_size = 65536;
  std::string mount_program;

  std::vector<std::string> files;  ///< that were read, the weakest first
};

/// Global flags; unset ones leave the word to environment, file and default.
struct Overrides {
  std::optional<std::string> root;
  std::optional<std::string> runroot;
  std::optional<std::string> storage_driver;
  std::optional<std::string> cgroup_manager;
  std::vector<std::string> storage_options;
  std::vector<std::string> hooks_dirs;
};

/// Reads the environment and, where they exist, the configuration files. Those of containers.conf
/// from /usr/share/containers, /etc/containers and $XDG_CONFIG_HOME/containers with their drop-ins,
/// or $CONTAINERS_CONF alone; one storage.conf, or $CONTAINERS_STORAGE_CONF; then
/// /etc/coracle/coracle.conf and $XDG_CONFIG_HOME/coracle/coracle.conf, or $CORACLE_CONF instead of
/// these two; at last $CONTAINERS_CONF_OVERRIDE. Sets the variables of [engine] env. Creates
/// nothing but the private run directory in /tmp of a user who has no other.
/// @throws Error invalid_argument naming the file and line or the variable, and the key; not_found
///         for a file that a variable names
Config load(const Overrides& overrides);

/// A key of the configuration file, for the manual page.
struct KeyDescription {
  std::string_view table;
  std::string_view key;
  std::string_view type;  ///< "path", "bytes", "list of names", …
  std::string_view
      environment;        ///< variables that set it, the strongest first, separated by spaces
  std::string_view help;  ///< what it does; of one without a meaning here, why it has none
  std::string_view choices = {};  ///< the words that it may be, separated by spaces; empty: any
};
const std::vector<KeyDescription>& describe_keys();
/// Whether the key has a meaning here. The others are taken without a word.
bool is_obeyed(const KeyDescription& key);
/// The value that a configuration has for a key, as text; empty for none.
std::string value_of(const KeyDescription& key, const Config& config);
/// The default of a key as text; empty for none, and for those that depend on user and machine.
std::string default_of(const KeyDescription& key);

/// $HOME, or the home directory of /etc/passwd.
std::string home_directory();
/// Where the user keeps registries.conf, policy.json and auth.json, shared with other engines;
/// empty when nobody knows the user's home.
std::string own_containers_directory();

/// Names the user in whose place a process is root of the engine's user namespace ("1000"), in the
/// environment of `coracle unshare`: root and runroot are then that user's.
inline constexpr const char* k_rootless_uid_variable = "_CORACLE_ROOTLESS_UID";

}  // namespace coracle::config
