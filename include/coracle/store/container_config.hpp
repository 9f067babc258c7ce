// SPDX-License-Identifier: Apache-2.0
// What a container is, as it was decided when it was created: everything that a start needs and
// inspect shows. Written once to config.json in the container's directory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/base/json.hpp"
#include "coracle/linux/user_namespace.hpp"
#include "coracle/oci/runtime_spec.hpp"
#include "coracle/store/container_health.hpp"

namespace coracle::store {

struct ContainerMount {
  std::string type;         ///< bind, volume, image, tmpfs, devpts, ramfs
  std::string source;       ///< host path of a bind
  std::string destination;  ///< absolute, inside
  std::vector<std::string> options;
  bool chown = false;  ///< :U, the source is given to the container's user at start

  std::string name = {};                 ///< of the volume; of the image as it was asked for
  bool anonymous = false;                ///< the volume goes with the container
  bool no_copy = false;                  ///< an empty volume does not get what the image has there
  std::string subpath = {};              ///< what of a volume or an image is mounted
  bool overlay = false;                  ///< :O, what is written is not written to the source
  std::string upper = {};                ///< of that overlay; empty: gone with the container's run
  std::string work = {};                 ///< likewise
  bool idmapped = false;                 ///< owners are shifted to the container's ids
  std::string idmap = {};                ///< "uids=…;gids=…"; empty: as the container's are
  std::string image_id = {};             ///< hex digits
  std::vector<std::string> layers = {};  ///< of the image: diff ids, the topmost first
};

/// A secret that a container is given.
struct ContainerSecret {
  std::string name;
  std::string id;
  bool in_environment = false;
  std::string target;  ///< path inside, or name of the variable
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0444;
};

struct ContainerDevice {
  std::string source;
  std::string path;
  std::string permissions;
};

enum class NamespaceMode { private_, host, container, path, none };
std::string_view to_string(NamespaceMode mode) noexcept;

struct ContainerNamespace {
  NamespaceMode mode = NamespaceMode::private_;
  std::string value;  ///< id of the container, or path
};

/// How packets get into and out of a network namespace of the container's own.
enum class NetworkKind {
  none,         ///< not at all
  user_mode,    ///< by pasta, or by slirp4netns where that is not there
  pasta,        ///< by pasta alone
  slirp4netns,  ///< by slirp4netns alone
  networks,     ///< through networks that other containers are on, too
};
std::string_view to_string(NetworkKind kind) noexcept;

/// A network that the container is connected to when it runs, and how.
struct NetworkConnection {
  std::string network;    ///< name
  std::string interface;  ///< inside: "eth0"
  std::vector<std::string> aliases;
  std::string ip;  ///< empty: any
  std::string ip6;
  std::string mac;
};

/// Ports of the host that lead into the container: `range` of them.
struct PublishedPort {
  std::string host_ip;  ///< empty: every address
  std::uint16_t host_port = 0;
  std::uint16_t container_port = 0;
  std::uint16_t range = 1;
  std::string protocol = "tcp";  ///< tcp, udp or sctp
};

enum class RestartPolicy { no, on_failure, always, unless_stopped };
std::string_view to_string(RestartPolicy policy) noexcept;

/// A user of the host that the container's /etc/passwd is to know.
struct HostUser {
  std::string name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string home;
};

struct ContainerConfig {
  std::string id;
  std::string name;
  std::string created;  ///< RFC 3339

  std::string pod;        ///< id of the pod that it belongs to; empty: none
  bool is_infra = false;  ///< it holds that pod's namespaces, and runs nothing

  // Where its files come from.
  std::string image_id;             ///< hex digits; empty with rootfs_path
  std::string image_name;           ///< as resolved, "docker.io/library/debian:12"
  std::string image_digest;         ///< of the manifest
  std::string rootfs_path;          ///< --rootfs
  std::vector<std::string> layers;  ///< diff ids, the topmost first
  std::string driver;               ///< storage driver it was made with

  // The process.
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::string> create_command;
  std::vector<std::string> env;
  std::string user;
  std::vector<std::string> groups;
  bool add_users = false;  ///< users that the image does not know to its passwd and group
  std::vector<HostUser> host_users;
  std::string passwd_entry;  ///< instead of the usual line, with $USERNAME and so on
  std::string group_entry;
  std::string working_directory;
  bool terminal = false;
  bool interactive = false;
  bool init = false;
  std::string init_program;  ///< of the host, which is that init; empty: the engine's own
  int stop_signal = 15;
  std::int64_t stop_timeout = 10;  ///< seconds
  std::int64_t timeout = 0;        ///< seconds; 0: no limit
  std::string umask;               ///< octal
  std::string timezone;
  std::string sdnotify;  ///< conmon, container, healthy or ignore
  std::int64_t preserved_fds = 0;
  std::vector<oci::Rlimit> ulimits;
  std::optional<std::int64_t> oom_score_adjustment;

  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;

  // Names and network.
  std::string hostname;
  std::string domain_name;
  /// Name, and address or "host-gateway": whatever the host's address is then.
  std::vector<std::pair<std::string, std::string>> hosts;
  std::vector<std::string> dns;
  std::vector<std::string> dns_search;
  std::vector<std::string> dns_options;
  bool no_hosts = false;
  bool no_hostname = false;
  std::string hosts_file;    ///< what /etc/hosts begins with: a path, "image" or "none"
  std::string host_address;  ///< what host.containers.internal is; "none"; empty: found out
  NetworkKind network_kind = NetworkKind::none;
  std::vector<std::string> network_options;  ///< of the backend, as given
  std::vector<NetworkConnection> networks;
  std::vector<PublishedPort> ports;
  std::vector<std::string> exposed_ports;  ///< "80/tcp": the image's and --expose
  bool publish_all = false;                ///< they were published as --publish-all has it

  // Files.
  std::vector<ContainerMount> mounts;
  std::vector<std::string> volumes_from;  ///< as given; what came of it is among the mounts
  std::vector<ContainerSecret> secrets;
  std::vector<std::string> chroot_directories;  ///< with the container's own files in their etc
  std::vector<ContainerDevice> devices;
  bool read_only = false;
  bool read_only_tmpfs = true;
  std::int64_t shm_size = 64 << 20;  ///< bytes

  // Isolation.
  bool is_chroot = false;  ///< it was made where nothing can be mounted, so it has no namespaces
  bool privileged = false;
  std::vector<std::string> capabilities;  ///< the resulting set, "CAP_CHOWN"
  std::vector<std::string> cap_add;
  std::vector<std::string> cap_drop;
  std::string seccomp;         ///< "" the default, "unconfined", or the path of a profile
  std::string root_emulation;  ///< "" as the settings say, or auto, always, never
  std::string apparmor;
  bool no_new_privileges = false;
  std::string selinux_label;              ///< "": none
  std::vector<std::string> proc_options;  ///< of the mount of /proc
  std::vector<std::string> mask;
  std::vector<std::string> unmask;
  std::vector<std::string> security_options;  ///< as given, for inspect
  std::map<std::string, std::string> sysctls;
  std::string user_namespace;          ///< --userns as given
  linux::IdMappings id_mappings;       ///< of the container, when not the engine's own
  bool user_namespace_of_pod = false;  ///< they are the infra container's
  ContainerNamespace pid;
  ContainerNamespace ipc;
  ContainerNamespace uts;
  ContainerNamespace cgroup;
  ContainerNamespace network;
  bool cgroups_disabled = false;
  bool cgroups_split = false;         ///< its group is in that of whoever starts it
  bool cgroups_keep_monitor = false;  ///< where it was started
  std::string cgroup_parent;          ///< group, or slice of systemd's, that its own is made in

  oci::Resources resources;

  // Keeping it.
  bool auto_remove = false;
  RestartPolicy restart = RestartPolicy::no;
  int restart_retries = 0;
  std::string log_driver;
  std::map<std::string, std::string> log_options;
  std::string cidfile;
  std::string pidfile;
  std::optional<HealthConfig> health;

  // How it is run, of the rarer kind.
  std::vector<std::string> requires_containers;  ///< ids: they are started before it
  std::string init_container;                    ///< of a pod: once or always; empty: it is none
  std::string systemd;                           ///< --systemd as given: true, false or always
  bool is_systemd = false;                       ///< its program gets what systemd wants
  std::string personality;                       ///< of personality(2): "LINUX32"
  bool remove_image = false;                     ///< --rmi: when it is removed at its end
  std::string monitor_pidfile;                   ///< --conmon-pidfile

  std::shared_ptr<const Json> raw;  ///< as read: fields that this version does not know are kept
};

/// @param origin  what the text is, for messages
/// @throws Error invalid_argument when it is malformed or written in a newer format
ContainerConfig parse_container_config(std::string_view text, std::string_view origin);
std::string serialize(const ContainerConfig& config);

}  // namespace coracle::store
