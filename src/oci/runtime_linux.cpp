// SPDX-License-Identifier: Apache-2.0
// `linux` of config.json (runtime-spec config-linux.md), without resources and seccomp.
#include <algorithm>
#include <array>

#include "oci/runtime_json_internal.hpp"

namespace coracle::oci {
namespace {

constexpr std::array<std::string_view, 8> k_namespace_names = {"pid", "network", "mount",  "ipc",
                                                               "uts", "user",    "cgroup", "time"};
constexpr std::uint32_t k_permission_bits = 0777;

std::vector<Namespace> read_namespaces(const ObjectReader& reader) {
  auto namespaces = reader.objects("namespaces", [](const ObjectReader& object) {
    const auto name = object.require_string("type");
    const auto type = parse_namespace_type(name);
    if (!type) object.fail("type", "unknown namespace '" + name.substr(0, 40) + "'");
    return Namespace{*type, object.string("path")};
  });
  // config-linux.md: "the runtime MUST generate an error" for duplicates.
  std::array<bool, k_namespace_names.size()> seen{};
  for (const Namespace& entry : namespaces) {
    bool& is_seen = seen[static_cast<std::size_t>(entry.type)];
    if (is_seen)
      reader.fail("namespaces", "'" + std::string(to_string(entry.type)) + "' occurs twice");
    is_seen = true;
  }
  return namespaces;
}

Json write_namespace(const Namespace& entry) {
  Json object = Json::object();
  object["type"] = to_string(entry.type);
  json::set_if(object, "path", entry.path);
  return object;
}

Device read_device(const ObjectReader& reader) {
  Device device;
  device.path = reader.require_string("path");
  device.type = read_choice(reader, "type", {"c", "b", "u", "p"}, true).front();
  device.major = reader.integer<std::int64_t>("major");
  device.minor = reader.integer<std::int64_t>("minor");
  device.file_mode = reader.optional_integer<std::uint32_t>("fileMode");
  // podman writes the type of the file too, others Go's own bits for it.
  if (device.file_mode) *device.file_mode &= k_permission_bits;
  device.uid = reader.optional_integer<std::uint32_t>("uid");
  device.gid = reader.optional_integer<std::uint32_t>("gid");
  return device;
}

Json write_device(const Device& device) {
  Json object = Json::object();
  object["path"] = device.path;
  object["type"] = std::string(1, device.type);
  if (device.type != 'p') {
    object["major"] = device.major;
    object["minor"] = device.minor;
  }
  if (device.file_mode) object["fileMode"] = *device.file_mode & k_permission_bits;
  json::set_if(object, "uid", device.uid);
  json::set_if(object, "gid", device.gid);
  return object;
}

std::map<std::string, std::string> read_net_devices(const ObjectReader& reader) {
  std::map<std::string, std::string> devices;
  const Json* member = reader.find("netDevices");
  if (member == nullptr) return devices;
  const ObjectReader entries(*member, reader, "netDevices");
  for (const auto& [name, value] : member->items()) {
    devices.insert_or_assign(name, ObjectReader(value, entries, name).string("name"));
  }
  return devices;
}

Json write_net_devices(const std::map<std::string, std::string>& devices) {
  Json object = Json::object();
  for (const auto& [host_name, name] : devices) {
    Json& device = object[host_name] = Json::object();
    json::set_if(device, "name", name);
  }
  return object;
}

IntelRdt read_intel_rdt(const ObjectReader& reader) {
  IntelRdt rdt;
  rdt.clos_id = reader.string("closID");
  rdt.schemata = reader.strings("schemata");
  rdt.l3_cache_schema = reader.string("l3CacheSchema");
  rdt.mem_bw_schema = reader.string("memBwSchema");
  rdt.enable_monitoring = reader.boolean("enableMonitoring");
  return rdt;
}

Json write_intel_rdt(const IntelRdt& rdt) {
  Json object = Json::object();
  json::set_if(object, "closID", rdt.clos_id);
  json::set_if(object, "schemata", rdt.schemata);
  json::set_if(object, "l3CacheSchema", rdt.l3_cache_schema);
  json::set_if(object, "memBwSchema", rdt.mem_bw_schema);
  json::set_if(object, "enableMonitoring", rdt.enable_monitoring);
  return object;
}

MemoryPolicy read_memory_policy(const ObjectReader& reader) {
  MemoryPolicy policy;
  policy.mode =
      read_choice(reader, "mode",
                  {"MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
                   "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL"},
                  true);
  policy.nodes = reader.string("nodes");
  policy.flags = reader.strings("flags");
  return policy;
}

Json write_memory_policy(const MemoryPolicy& policy) {
  Json object = Json::object();
  object["mode"] = policy.mode;
  json::set_if(object, "nodes", policy.nodes);
  json::set_if(object, "flags", policy.flags);
  return object;
}

Personality read_personality(const ObjectReader& reader) {
  return {.domain = read_choice(reader, "domain", {"LINUX", "LINUX32"}, true),
          .flags = reader.strings("flags")};
}

Json write_personality(const Personality& personality) {
  Json object = Json::object();
  object["domain"] = personality.domain;
  json::set_if(object, "flags", personality.flags);
  return object;
}

TimeOffset read_time_offset(const ObjectReader& reader) {
  TimeOffset offset;
  offset.secs = reader.integer<std::int64_t>("secs");
  offset.nanosecs = reader.integer<std::uint32_t>("nanosecs");
  return offset;
}

Json write_time_offset(const std::optional<TimeOffset>& offset) {
  if (!offset) return {};
  Json object = Json::object();
  object["secs"] = offset->secs;
  object["nanosecs"] = offset->nanosecs;
  return object;
}

void read_time_offsets(const ObjectReader& reader, LinuxConfig& config) {
  const Json* member = reader.find("timeOffsets");
  if (member == nullptr) return;
  const ObjectReader offsets(*member, reader, "timeOffsets");
  config.boottime_offset = offsets.optional_object("boottime", read_time_offset);
  config.monotonic_offset = offsets.optional_object("monotonic", read_time_offset);
}

Json write_time_offsets(const LinuxConfig& config) {
  Json object = Json::object();
  set_filled(object, "boottime", write_time_offset(config.boottime_offset));
  set_filled(object, "monotonic", write_time_offset(config.monotonic_offset));
  return object;
}

}  // namespace

std::string_view to_string(NamespaceType type) noexcept {
  return k_namespace_names[static_cast<std::size_t>(type)];
}

std::optional<NamespaceType> parse_namespace_type(std::string_view name) noexcept {
  const auto* entry = std::ranges::find(k_namespace_names, name);
  if (entry == k_namespace_names.end()) return std::nullopt;
  return static_cast<NamespaceType>(entry - k_namespace_names.begin());
}

const Namespace* LinuxConfig::find_namespace(NamespaceType type) const noexcept {
  const auto entry = std::ranges::find(namespaces, type, &Namespace::type);
  return entry == namespaces.end() ? nullptr : &*entry;
}

LinuxConfig read_linux(const ObjectReader& reader) {
  LinuxConfig config;
  config.namespaces = read_namespaces(reader);
  config.uid_mappings = reader.objects("uidMappings", read_id_mapping);
  config.gid_mappings = reader.objects("gidMappings", read_id_mapping);
  config.devices = reader.objects("devices", read_device);
  config.net_devices = read_net_devices(reader);
  config.cgroups_path = reader.string("cgroupsPath");
  config.resources = reader.object("resources", read_resources);
  // The schema has four of these; every runtime takes the recursive ones too, and engines use them.
  config.rootfs_propagation = read_choice(
      reader, "rootfsPropagation",
      {"private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"},
      false);
  config.seccomp = reader.optional_object("seccomp", read_seccomp);
  config.sysctl = reader.string_map("sysctl");
  config.masked_paths = reader.strings("maskedPaths");
  config.readonly_paths = reader.strings("readonlyPaths");
  config.mount_label = reader.string("mountLabel");
  config.personality = reader.optional_object("personality", read_personality);
  config.intel_rdt = reader.optional_object("intelRdt", read_intel_rdt);
  config.memory_policy = reader.optional_object("memoryPolicy", read_memory_policy);
  read_time_offsets(reader, config);
  return config;
}

Json write_linux(const LinuxConfig& config) {
  Json object = Json::object();
  set_filled(object, "uidMappings", write_id_mappings(config.uid_mappings));
  set_filled(object, "gidMappings", write_id_mappings(config.gid_mappings));
  json::set_if(object, "sysctl", config.sysctl);
  set_filled(object, "resources", write_resources(config.resources));
  json::set_if(object, "cgroupsPath", config.cgroups_path);
  set_filled(object, "namespaces", write_array(config.namespaces, write_namespace));
  set_filled(object, "devices", write_array(config.devices, write_device));
  set_filled(object, "netDevices", write_net_devices(config.net_devices));
  if (config.seccomp) object["seccomp"] = write_seccomp(*config.seccomp);
  json::set_if(object, "rootfsPropagation", config.rootfs_propagation);
  json::set_if(object, "maskedPaths", config.masked_paths);
  json::set_if(object, "readonlyPaths", config.readonly_paths);
  json::set_if(object, "mountLabel", config.mount_label);
  if (config.personality) object["personality"] = write_personality(*config.personality);
  if (config.intel_rdt) object["intelRdt"] = write_intel_rdt(*config.intel_rdt);
  if (config.memory_policy) object["memoryPolicy"] = write_memory_policy(*config.memory_policy);
  set_filled(object, "timeOffsets", write_time_offsets(config));
  return object;
}

}  // namespace coracle::oci
