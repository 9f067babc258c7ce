// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/container_config.hpp"

#include <limits.h>

#include <array>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "store/record_format_internal.hpp"

namespace coracle::store {
namespace {

template <typename Enum, std::size_t N>
Enum parse_name(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  throw Error(ErrorClass::invalid_argument, "unknown value '{}'", text);
}

constexpr std::array<std::string_view, 5> k_namespace_modes = {"private", "host", "container",
                                                               "path", "none"};
constexpr std::array<std::string_view, 5> k_network_kinds = {"none", "user-mode", "pasta",
                                                             "slirp4netns", "networks"};
constexpr std::array<std::string_view, 4> k_restart_policies = {"no", "on-failure", "always",
                                                                "unless-stopped"};

std::uint32_t to_id(const Json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > UINT32_MAX) {
    throw Error(ErrorClass::invalid_argument, "'{}' is no id", dump_json(value));
  }
  return value.get<std::uint32_t>();
}

int to_int(std::int64_t value, std::string_view key) {
  if (value < INT_MIN || value > INT_MAX) {
    throw Error(ErrorClass::invalid_argument, "field '{}' is out of range", key);
  }
  return static_cast<int>(value);
}

std::uint16_t to_port(const Json& entry, std::string_view key) {
  const auto value = json::get_int(entry, key);
  if (value < 1 || value > UINT16_MAX) {
    throw Error(ErrorClass::invalid_argument, "field '{}' is no port", key);
  }
  return static_cast<std::uint16_t>(value);
}

/// What a mount has besides: most have nothing of it.
void put_extras(const ContainerMount& mount, Json& entry) {
  json::set_if(entry, "name", mount.name);
  json::set_if(entry, "anonymous", mount.anonymous);
  json::set_if(entry, "no_copy", mount.no_copy);
  json::set_if(entry, "subpath", mount.subpath);
  json::set_if(entry, "overlay", mount.overlay);
  json::set_if(entry, "upper", mount.upper);
  json::set_if(entry, "work", mount.work);
  json::set_if(entry, "idmapped", mount.idmapped);
  json::set_if(entry, "idmap", mount.idmap);
  json::set_if(entry, "image_id", mount.image_id);
  json::set_if(entry, "layers", mount.layers);
}

void read_extras(const Json& entry, ContainerMount& mount) {
  mount.name = json::get_string(entry, "name");
  mount.anonymous = json::get_bool(entry, "anonymous");
  mount.no_copy = json::get_bool(entry, "no_copy");
  mount.subpath = json::get_string(entry, "subpath");
  mount.overlay = json::get_bool(entry, "overlay");
  mount.upper = json::get_string(entry, "upper");
  mount.work = json::get_string(entry, "work");
  mount.idmapped = json::get_bool(entry, "idmapped");
  mount.idmap = json::get_string(entry, "idmap");
  mount.image_id = json::get_string(entry, "image_id");
  mount.layers = json::get_strings(entry, "layers");
}

/// Reads or writes one field after another: the list of fields is said once, in `fields`.
class Writer {
 public:
  /// @param known  the document as it was read: members that are not fields stay as they are
  explicit Writer(const Json* known) : out_(known != nullptr ? *known : Json::object()) {
    out_["version"] = k_container_config_format.version;
  }
  void operator()(const char* key, const std::string& value) { put(key, value, !value.empty()); }
  void operator()(const char* key, bool value) { put(key, value, value); }
  void operator()(const char* key, int value) { put(key, value, value != 0); }
  void operator()(const char* key, std::int64_t value) { put(key, value, true); }
  void operator()(const char* key, const std::optional<std::int64_t>& value) {
    put(key, value.value_or(0), value.has_value());
  }
  void operator()(const char* key, const std::vector<std::string>& value) {
    put(key, value, !value.empty());
  }
  void operator()(const char* key, const std::map<std::string, std::string>& value) {
    put(key, value, !value.empty());
  }
  void operator()(const char* key, const ContainerNamespace& value) {
    Json entry = {{"mode", to_string(value.mode)}};
    json::set_if(entry, "value", value.value);
    put(key, std::move(entry), true);
  }
  void operator()(const char* key, RestartPolicy value) { put(key, to_string(value), true); }
  void operator()(const char* key, NetworkKind value) {
    put(key, to_string(value), value != NetworkKind::none);
  }
  void operator()(const char* key, const std::vector<PublishedPort>& ports) {
    put_list(key, ports, [](const PublishedPort& port) {
      return Json{{"host_ip", port.host_ip},
                  {"host_port", port.host_port},
                  {"container_port", port.container_port},
                  {"range", port.range},
                  {"protocol", port.protocol}};
    });
  }
  void operator()(const char* key, const std::vector<NetworkConnection>& connections) {
    put_list(key, connections, [](const NetworkConnection& connection) {
      Json entry = {{"network", connection.network}, {"interface", connection.interface}};
      json::set_if(entry, "aliases", connection.aliases);
      json::set_if(entry, "ip", connection.ip);
      json::set_if(entry, "ip6", connection.ip6);
      json::set_if(entry, "mac", connection.mac);
      return entry;
    });
  }
  void operator()(const char* key, const std::optional<HealthConfig>& health) {
    put(key, health ? to_json(*health) : Json(), health.has_value());
  }
  void operator()(const char* key, const std::vector<linux::IdRange>& ranges) {
    put_list(key, ranges, [](const linux::IdRange& range) {
      return Json::array({range.inside, range.outside, range.size});
    });
  }
  void operator()(const char* key, const std::vector<ContainerMount>& mounts) {
    put_list(key, mounts, [](const ContainerMount& mount) {
      Json entry = {{"type", mount.type}, {"destination", mount.destination}};
      json::set_if(entry, "source", mount.source);
      json::set_if(entry, "options", mount.options);
      json::set_if(entry, "chown", mount.chown);
      put_extras(mount, entry);
      return entry;
    });
  }
  void operator()(const char* key, const std::vector<ContainerSecret>& secrets) {
    put_list(key, secrets, [](const ContainerSecret& secret) {
      return Json{
          {"name", secret.name},     {"id", secret.id},   {"environment", secret.in_environment},
          {"target", secret.target}, {"uid", secret.uid}, {"gid", secret.gid},
          {"mode", secret.mode}};
    });
  }
  void operator()(const char* key, const std::vector<ContainerDevice>& devices) {
    put_list(key, devices, [](const ContainerDevice& device) {
      return Json::array({device.source, device.path, device.permissions});
    });
  }
  void operator()(const char* key, const std::vector<HostUser>& users) {
    put_list(key, users, [](const HostUser& user) {
      return Json::array({user.name, user.uid, user.gid, user.home});
    });
  }
  void operator()(const char* key, const std::vector<std::pair<std::string, std::string>>& pairs) {
    put_list(key, pairs, [](const auto& pair) { return Json::array({pair.first, pair.second}); });
  }
  void operator()(const char* key, const std::vector<oci::Rlimit>& limits) {
    put_list(key, limits, [](const oci::Rlimit& limit) {
      return Json::array({limit.type, limit.soft, limit.hard});
    });
  }
  void operator()(const char* key, const oci::Resources& resources) {
    put(key, oci::to_json(resources), resources != oci::Resources{});
  }
  const Json& document() const noexcept { return out_; }

 private:
  /// What is said by its absence is taken out, in case the document had it before.
  void put(const char* key, Json value, bool present) {
    if (present) {
      out_[key] = std::move(value);
    } else {
      out_.erase(key);
    }
  }
  template <typename Element, typename ToJson>
  void put_list(const char* key, const std::vector<Element>& elements, ToJson&& to_json) {
    Json list = Json::array();
    for (const auto& element : elements) list.push_back(to_json(element));
    put(key, std::move(list), !elements.empty());
  }

  Json out_;
};

class Reader {
 public:
  explicit Reader(const Json& in) : in_(in) {}
  void operator()(const char* key, std::string& value) { value = json::get_string(in_, key); }
  void operator()(const char* key, bool& value) { value = json::get_bool(in_, key); }
  void operator()(const char* key, int& value) { value = to_int(json::get_int(in_, key), key); }
  void operator()(const char* key, std::int64_t& value) { value = json::get_int(in_, key, value); }
  void operator()(const char* key, std::optional<std::int64_t>& value) {
    if (const auto number = json::get_optional_int(in_, key)) value = *number;
  }
  void operator()(const char* key, std::vector<std::string>& value) {
    value = json::get_strings(in_, key);
  }
  void operator()(const char* key, std::map<std::string, std::string>& value) {
    value = json::get_string_map(in_, key);
  }
  void operator()(const char* key, ContainerNamespace& value) {
    const Json* entry = json::find(in_, key);
    if (entry == nullptr) return;
    value.mode = parse_name<NamespaceMode>(k_namespace_modes, json::require_string(*entry, "mode"));
    value.value = json::get_string(*entry, "value");
  }
  void operator()(const char* key, RestartPolicy& value) {
    value = parse_name<RestartPolicy>(k_restart_policies, json::get_string(in_, key, "no"));
  }
  void operator()(const char* key, NetworkKind& value) {
    value = parse_name<NetworkKind>(k_network_kinds, json::get_string(in_, key, "none"));
  }
  void operator()(const char* key, std::vector<PublishedPort>& ports) {
    for (const Json& entry : list(key, 0)) {
      ports.push_back({json::get_string(entry, "host_ip"), to_port(entry, "host_port"),
                       to_port(entry, "container_port"), to_port(entry, "range"),
                       json::require_string(entry, "protocol")});
    }
  }
  void operator()(const char* key, std::vector<NetworkConnection>& connections) {
    for (const Json& entry : list(key, 0)) {
      connections.push_back({json::require_string(entry, "network"),
                             json::require_string(entry, "interface"),
                             json::get_strings(entry, "aliases"), json::get_string(entry, "ip"),
                             json::get_string(entry, "ip6"), json::get_string(entry, "mac")});
    }
  }
  void operator()(const char* key, std::vector<linux::IdRange>& ranges) {
    for (const Json& entry : list(key, 3)) {
      ranges.push_back({to_id(entry[0]), to_id(entry[1]), to_id(entry[2])});
    }
  }
  void operator()(const char* key, std::vector<ContainerMount>& mounts) {
    for (const Json& entry : list(key, 0)) {
      mounts.push_back({json::require_string(entry, "type"), json::get_string(entry, "source"),
                        json::require_string(entry, "destination"),
                        json::get_strings(entry, "options"), json::get_bool(entry, "chown")});
      read_extras(entry, mounts.back());
    }
  }
  void operator()(const char* key, std::vector<ContainerSecret>& secrets) {
    for (const Json& entry : list(key, 0)) {
      secrets.push_back({json::require_string(entry, "name"), json::require_string(entry, "id"),
                         json::get_bool(entry, "environment"),
                         json::require_string(entry, "target"), to_id(entry.at("uid")),
                         to_id(entry.at("gid")), to_id(entry.at("mode"))});
    }
  }
  void operator()(const char* key, std::vector<ContainerDevice>& devices) {
    for (const Json& entry : list(key, 3)) {
      devices.push_back(
          {entry[0].get<std::string>(), entry[1].get<std::string>(), entry[2].get<std::string>()});
    }
  }
  void operator()(const char* key, std::vector<HostUser>& users) {
    for (const Json& entry : list(key, 4)) {
      users.push_back({entry[0].get<std::string>(), to_id(entry[1]), to_id(entry[2]),
                       entry[3].get<std::string>()});
    }
  }
  void operator()(const char* key, std::vector<std::pair<std::string, std::string>>& pairs) {
    for (const Json& entry : list(key, 2)) {
      pairs.emplace_back(entry[0].get<std::string>(), entry[1].get<std::string>());
    }
  }
  void operator()(const char* key, std::vector<oci::Rlimit>& limits) {
    for (const Json& entry : list(key, 3)) {
      limits.push_back({entry[0].get<std::string>(), entry[1].get<std::uint64_t>(),
                        entry[2].get<std::uint64_t>()});
    }
  }
  void operator()(const char* key, std::optional<HealthConfig>& health) {
    if (const Json* found = json::find(in_, key)) health = parse_health_config(*found);
  }
  void operator()(const char* key, oci::Resources& resources) {
    const Json* found = json::find(in_, key);
    if (found != nullptr) resources = oci::parse_resources(*found, key);
  }

 private:
  /// The elements of an array member; each an array of `length` unless that is 0.
  const Json& list(const char* key, std::size_t length) {
    static const Json k_empty = Json::array();
    const Json* found = json::find(in_, key);
    if (found == nullptr) return k_empty;
    bool good = found->is_array();
    for (const Json& entry : *found) {
      good = good && (length == 0 || (entry.is_array() && entry.size() == length));
    }
    if (!good) throw Error(ErrorClass::invalid_argument, "field '{}' is malformed", key);
    return *found;
  }

  const Json& in_;
};

template <typename Visitor, typename Config>
void fields(Visitor&& visit, Config& config) {
  visit("id", config.id);
  visit("name", config.name);
  visit("created", config.created);
  visit("pod", config.pod);
  visit("is_infra", config.is_infra);
  visit("image_id", config.image_id);
  visit("image_name", config.image_name);
  visit("image_digest", config.image_digest);
  visit("rootfs_path", config.rootfs_path);
  visit("layers", config.layers);
  visit("driver", config.driver);
  visit("entrypoint", config.entrypoint);
  visit("command", config.command);
  visit("create_command", config.create_command);
  visit("env", config.env);
  visit("user", config.user);
  visit("groups", config.groups);
  visit("add_users", config.add_users);
  visit("host_users", config.host_users);
  visit("passwd_entry", config.passwd_entry);
  visit("group_entry", config.group_entry);
  visit("working_directory", config.working_directory);
  visit("terminal", config.terminal);
  visit("interactive", config.interactive);
  visit("init", config.init);
  visit("stop_signal", config.stop_signal);
  visit("stop_timeout", config.stop_timeout);
  visit("timeout", config.timeout);
  visit("umask", config.umask);
  visit("timezone", config.timezone);
  visit("sdnotify", config.sdnotify);
  visit("preserved_fds", config.preserved_fds);
  visit("ulimits", config.ulimits);
  visit("oom_score_adjustment", config.oom_score_adjustment);
  visit("labels", config.labels);
  visit("annotations", config.annotations);
  visit("hostname", config.hostname);
  visit("domain_name", config.domain_name);
  visit("hosts", config.hosts);
  visit("dns", config.dns);
  visit("dns_search", config.dns_search);
  visit("dns_options", config.dns_options);
  visit("no_hosts", config.no_hosts);
  visit("no_hostname", config.no_hostname);
  visit("hosts_file", config.hosts_file);
  visit("host_address", config.host_address);
  visit("network_backend", config.network_kind);
  visit("network_options", config.network_options);
  visit("networks", config.networks);
  visit("ports", config.ports);
  visit("exposed_ports", config.exposed_ports);
  visit("mounts", config.mounts);
  visit("secrets", config.secrets);
  visit("chroot_directories", config.chroot_directories);
  visit("devices", config.devices);
  visit("read_only", config.read_only);
  visit("read_only_tmpfs", config.read_only_tmpfs);
  visit("shm_size", config.shm_size);
  visit("is_chroot", config.is_chroot);
  visit("privileged", config.privileged);
  visit("capabilities", config.capabilities);
  visit("cap_add", config.cap_add);
  visit("cap_drop", config.cap_drop);
  visit("seccomp", config.seccomp);
  visit("root_emulation", config.root_emulation);
  visit("apparmor", config.apparmor);
  visit("no_new_privileges", config.no_new_privileges);
  visit("selinux_label", config.selinux_label);
  visit("proc_options", config.proc_options);
  visit("mask", config.mask);
  visit("unmask", config.unmask);
  visit("security_options", config.security_options);
  visit("sysctls", config.sysctls);
  visit("user_namespace", config.user_namespace);
  visit("uid_mappings", config.id_mappings.uids);
  visit("gid_mappings", config.id_mappings.gids);
  visit("user_namespace_of_pod", config.user_namespace_of_pod);
  visit("pid", config.pid);
  visit("ipc", config.ipc);
  visit("uts", config.uts);
  visit("cgroup", config.cgroup);
  visit("network", config.network);
  visit("cgroups_disabled", config.cgroups_disabled);
  visit("cgroups_split", config.cgroups_split);
  visit("cgroups_keep_monitor", config.cgroups_keep_monitor);
  visit("cgroup_parent", config.cgroup_parent);
  visit("resources", config.resources);
  visit("auto_remove", config.auto_remove);
  visit("restart", config.restart);
  visit("restart_retries", config.restart_retries);
  visit("log_driver", config.log_driver);
  visit("log_options", config.log_options);
  visit("cidfile", config.cidfile);
  visit("pidfile", config.pidfile);
  visit("health", config.health);
  visit("requires", config.requires_containers);
  visit("init_container", config.init_container);
  visit("systemd", config.systemd);
  visit("is_systemd", config.is_systemd);
  visit("personality", config.personality);
  visit("remove_image", config.remove_image);
  visit("monitor_pidfile", config.monitor_pidfile);
  visit("publish_all", config.publish_all);
  visit("volumes_from", config.volumes_from);
  visit("init_program", config.init_program);
}

}  // namespace

std::string_view to_string(NamespaceMode mode) noexcept {
  return k_namespace_modes[static_cast<std::size_t>(mode)];
}

std::string_view to_string(NetworkKind kind) noexcept {
  return k_network_kinds[static_cast<std::size_t>(kind)];
}

std::string_view to_string(RestartPolicy policy) noexcept {
  return k_restart_policies[static_cast<std::size_t>(policy)];
}

ContainerConfig parse_container_config(std::string_view text, std::string_view origin) {
  return parse_record(text, origin, k_container_config_format, [](const Json& document) {
    ContainerConfig config;
    // Off by default in the file, on by default in the type.
    config.read_only_tmpfs = false;
    try {
      fields(Reader(document), config);
    } catch (const Json::exception& error) {
      throw Error(ErrorClass::invalid_argument, "malformed value: {}", error.what());
    }
    if (config.id.empty() || config.name.empty()) {
      throw Error(ErrorClass::invalid_argument, "it names no container");
    }
    return config;
  });
}

std::string serialize(const ContainerConfig& config) {
  Writer writer(config.raw.get());
  fields(writer, config);
  return dump_json(writer.document());
}

}  // namespace coracle::store
