// SPDX-License-Identifier: Apache-2.0
// config.json of a bundle: the OCI runtime specification 1.2 for Linux (config.md,
// config-linux.md). Plain data; every field that the specification leaves out by default is an
// optional, an empty string or an empty container here, and is left out again when written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/oci/runtime_resources.hpp"
#include "coracle/oci/seccomp_spec.hpp"

namespace coracle::oci {

/// The version that coracle writes. Any 1.x is read.
inline constexpr std::string_view k_runtime_spec_version = "1.2.0";

struct IdMapping {
  std::uint32_t container_id = 0;
  std::uint32_t host_id = 0;
  std::uint32_t size = 0;
  bool operator==(const IdMapping&) const = default;
};

struct Root {
  std::string path;  ///< absolute, or relative to the bundle
  bool readonly = false;
  bool operator==(const Root&) const = default;
};

struct Mount {
  std::string destination;
  std::string type;    ///< empty or "none" with a bind option for bind mounts
  std::string source;  ///< relative paths are relative to the bundle
  std::vector<std::string> options;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  bool operator==(const Mount&) const = default;
};

struct ConsoleSize {
  std::uint64_t height = 0;  ///< rows
  std::uint64_t width = 0;   ///< columns
  bool operator==(const ConsoleSize&) const = default;
};

struct User {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::optional<std::uint32_t> umask;
  std::vector<std::uint32_t> additional_gids;
  bool operator==(const User&) const = default;
};

/// Names as in capabilities(7), "CAP_CHOWN". Unknown names are for the runtime to warn about.
struct Capabilities {
  std::vector<std::string> bounding;
  std::vector<std::string> effective;
  std::vector<std::string> inheritable;
  std::vector<std::string> permitted;
  std::vector<std::string> ambient;
  bool operator==(const Capabilities&) const = default;
};

struct Rlimit {
  std::string type;  ///< "RLIMIT_NOFILE"
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool operator==(const Rlimit&) const = default;
};

struct Scheduler {
  std::string policy;  ///< "SCHED_OTHER", "SCHED_FIFO", …
  std::optional<std::int32_t> nice;
  std::optional<std::int32_t> priority;
  std::vector<std::string> flags;  ///< "SCHED_FLAG_RESET_ON_FORK", …
  std::optional<std::uint64_t> runtime;
  std::optional<std::uint64_t> deadline;
  std::optional<std::uint64_t> period;
  bool operator==(const Scheduler&) const = default;
};

struct IoPriority {
  std::string priority_class;  ///< "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE" or "IOPRIO_CLASS_IDLE"
  std::int32_t priority = 0;
  bool operator==(const IoPriority&) const = default;
};

/// CPU lists ("0-3,7") of a process that joins a container.
struct ExecCpuAffinity {
  std::string initial;
  std::string final;
  bool operator==(const ExecCpuAffinity&) const = default;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::string cwd;  ///< absolute
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::string apparmor_profile;
  std::optional<int> oom_score_adj;
  std::optional<Scheduler> scheduler;
  std::string selinux_label;
  std::optional<IoPriority> io_priority;
  std::optional<ExecCpuAffinity> exec_cpu_affinity;
  bool operator==(const Process&) const = default;
};

struct Hook {
  std::string path;  ///< absolute
  std::vector<std::string> args;
  std::vector<std::string> env;
  std::optional<int> timeout;  ///< seconds, above 0
  bool operator==(const Hook&) const = default;
};

struct Hooks {
  std::vector<Hook> prestart;  ///< deprecated by the specification, still in use
  std::vector<Hook> create_runtime;
  std::vector<Hook> create_container;
  std::vector<Hook> start_container;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;
  bool operator==(const Hooks&) const = default;
};

enum class NamespaceType { pid, network, mount, ipc, uts, user, cgroup, time };

/// The specification's name: "pid", "network", …
std::string_view to_string(NamespaceType type) noexcept;
std::optional<NamespaceType> parse_namespace_type(std::string_view name) noexcept;

struct Namespace {
  NamespaceType type = NamespaceType::mount;
  std::string path;  ///< namespace file to join; empty makes a new one
  bool operator==(const Namespace&) const = default;
};

struct Device {
  std::string path;
  char type = 'c';  ///< 'c', 'b', 'u' or 'p'
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::optional<std::uint32_t> file_mode;  ///< permission bits only
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  bool operator==(const Device&) const = default;
};

struct IntelRdt {
  std::string clos_id;
  std::vector<std::string> schemata;
  std::string l3_cache_schema;
  std::string mem_bw_schema;
  bool enable_monitoring = false;
  bool operator==(const IntelRdt&) const = default;
};

struct MemoryPolicy {
  std::string mode;   ///< "MPOL_BIND", …
  std::string nodes;  ///< "0-3,7"
  std::vector<std::string> flags;
  bool operator==(const MemoryPolicy&) const = default;
};

struct Personality {
  std::string domain;  ///< "LINUX" or "LINUX32"
  std::vector<std::string> flags;
  bool operator==(const Personality&) const = default;
};

struct TimeOffset {
  std::int64_t secs = 0;
  std::uint32_t nanosecs = 0;
  bool operator==(const TimeOffset&) const = default;
};

struct LinuxConfig {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::vector<Device> devices;
  std::map<std::string, std::string>
      net_devices;  ///< host interface to its name inside; "" keeps it
  std::string cgroups_path;
  Resources resources;
  std::string rootfs_propagation;  ///< "private", "rslave", …; empty is the runtime's default
  std::optional<SeccompSpec> seccomp;
  std::map<std::string, std::string> sysctl;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::string mount_label;
  std::optional<Personality> personality;
  std::optional<IntelRdt> intel_rdt;
  std::optional<MemoryPolicy> memory_policy;
  std::optional<TimeOffset> boottime_offset;
  std::optional<TimeOffset> monotonic_offset;
  bool operator==(const LinuxConfig&) const = default;

  /// The entry of that type, or nullptr: the container then shares the caller's namespace.
  const Namespace* find_namespace(NamespaceType type) const noexcept;
};

struct RuntimeSpec {
  std::string oci_version = std::string(k_runtime_spec_version);
  std::optional<Root> root;
  std::optional<Process> process;  ///< may be absent for `create`, never for `start`
  std::string hostname;
  std::string domainname;
  std::vector<Mount> mounts;
  Hooks hooks;
  std::map<std::string, std::string> annotations;
  LinuxConfig linux;
  bool operator==(const RuntimeSpec&) const = default;
};

/// Reads a config.json. Types, ranges, required fields and closed sets of names are checked as the
/// schema says; what only the machine can tell (paths, known capabilities) is not. Fields of other
/// platforms and unknown fields are ignored, as the specification asks.
/// @param origin  what the text is, for messages: a path
/// @throws Error invalid_argument, e.g. "config.json: field 'linux.devices[2].major': expected an
///         integer"
RuntimeSpec parse_runtime_spec(std::string_view text, std::string_view origin);
/// The `process` object alone, as `exec --process FILE` gets it.
Process parse_process(std::string_view text, std::string_view origin);

/// Compact JSON that parse_runtime_spec reads back into an equal value.
std::string serialize(const RuntimeSpec& spec);
std::string serialize(const Process& process);

}  // namespace coracle::oci
