// SPDX-License-Identifier: Apache-2.0
// The top level of config.json (runtime-spec config.md).
#include "coracle/oci/runtime_spec.hpp"

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "oci/runtime_json_internal.hpp"

namespace coracle::oci {
namespace {

// A bundle is written by an engine, not by an image: this bounds mistakes, not attacks.
constexpr std::size_t k_max_runtime_spec_size = 32U << 20;

void check_size(std::string_view text, std::string_view origin) {
  if (text.size() > k_max_runtime_spec_size) {
    throw Error(ErrorClass::invalid_argument, "{}: {} bytes are too many for a specification",
                origin, text.size());
  }
}

std::string read_version(const ObjectReader& reader) {
  std::string version = reader.require_string("ociVersion");
  const auto parts = split(version, '.');
  const bool is_version = parts.size() >= 2 && parse_int(parts[0]).has_value();
  if (!is_version) reader.fail("ociVersion", "expected a version such as 1.2.0");
  if (parts[0] != "1") {
    reader.fail("ociVersion", "version '" + version.substr(0, 40) + "' is not supported");
  }
  return version;
}

Root read_root(const ObjectReader& reader) {
  Root root;
  root.path = reader.require_string("path");
  root.readonly = reader.boolean("readonly");
  return root;
}

Mount read_mount(const ObjectReader& reader) {
  Mount mount;
  mount.destination = reader.require_string("destination");
  mount.type = reader.string("type");
  mount.source = reader.string("source");
  mount.options = reader.strings("options");
  mount.uid_mappings = reader.objects("uidMappings", read_id_mapping);
  mount.gid_mappings = reader.objects("gidMappings", read_id_mapping);
  return mount;
}

Json write_mount(const Mount& mount) {
  Json object = Json::object();
  object["destination"] = mount.destination;
  json::set_if(object, "type", mount.type);
  json::set_if(object, "source", mount.source);
  json::set_if(object, "options", mount.options);
  set_filled(object, "uidMappings", write_id_mappings(mount.uid_mappings));
  set_filled(object, "gidMappings", write_id_mappings(mount.gid_mappings));
  return object;
}

Hook read_hook(const ObjectReader& reader) {
  Hook hook;
  hook.path = reader.require_string("path");
  hook.args = reader.strings("args");
  hook.env = reader.strings("env");
  hook.timeout = reader.optional_integer<int>("timeout");
  if (hook.timeout && *hook.timeout <= 0) reader.fail("timeout", "must be above 0");
  return hook;
}

Json write_hook(const Hook& hook) {
  Json object = Json::object();
  object["path"] = hook.path;
  json::set_if(object, "args", hook.args);
  json::set_if(object, "env", hook.env);
  json::set_if(object, "timeout", hook.timeout);
  return object;
}

struct HookList {
  std::string_view key;
  std::vector<Hook> Hooks::*list;
};

constexpr HookList k_hook_lists[] = {
    {"prestart", &Hooks::prestart},
    {"createRuntime", &Hooks::create_runtime},
    {"createContainer", &Hooks::create_container},
    {"startContainer", &Hooks::start_container},
    {"poststart", &Hooks::poststart},
    {"poststop", &Hooks::poststop},
};

Hooks read_hooks(const ObjectReader& reader) {
  Hooks hooks;
  for (const auto& [key, list] : k_hook_lists) hooks.*list = reader.objects(key, read_hook);
  return hooks;
}

Json write_hooks(const Hooks& hooks) {
  Json object = Json::object();
  for (const auto& [key, list] : k_hook_lists) {
    set_filled(object, key, write_array(hooks.*list, write_hook));
  }
  return object;
}

}  // namespace

void set_filled(Json& object, std::string_view key, Json value) {
  if (!value.empty()) object[std::string(key)] = std::move(value);
}

std::string read_choice(const ObjectReader& reader, std::string_view key,
                        std::initializer_list<std::string_view> choices, bool required) {
  std::string value = required ? reader.require_string(key) : reader.string(key);
  if (value.empty() && !required) return value;
  if (std::ranges::find(choices, value) == choices.end()) {
    reader.fail(key, "unknown value '" + value.substr(0, 80) + "'");
  }
  return value;
}

IdMapping read_id_mapping(const ObjectReader& reader) {
  IdMapping mapping;
  mapping.container_id = reader.require_integer<std::uint32_t>("containerID");
  mapping.host_id = reader.require_integer<std::uint32_t>("hostID");
  mapping.size = reader.require_integer<std::uint32_t>("size");
  return mapping;
}

Json write_id_mappings(const std::vector<IdMapping>& mappings) {
  return write_array(mappings, [](const IdMapping& mapping) {
    Json object = Json::object();
    object["containerID"] = mapping.container_id;
    object["hostID"] = mapping.host_id;
    object["size"] = mapping.size;
    return object;
  });
}

RuntimeSpec parse_runtime_spec(std::string_view text, std::string_view origin) {
  check_size(text, origin);
  const Json document = parse_json(text, origin);
  const ObjectReader reader(document, origin);
  RuntimeSpec spec;
  spec.oci_version = read_version(reader);
  spec.root = reader.optional_object("root", read_root);
  spec.process = reader.optional_object("process", read_process);
  spec.hostname = reader.string("hostname");
  spec.domainname = reader.string("domainname");
  spec.mounts = reader.objects("mounts", read_mount);
  spec.hooks = reader.object("hooks", read_hooks);
  spec.annotations = reader.string_map("annotations");
  spec.linux = reader.object("linux", read_linux);
  return spec;
}

Process parse_process(std::string_view text, std::string_view origin) {
  check_size(text, origin);
  const Json document = parse_json(text, origin);
  return read_process(ObjectReader(document, origin));
}

std::string serialize(const RuntimeSpec& spec) {
  Json object = Json::object();
  object["ociVersion"] = spec.oci_version;
  if (spec.process) object["process"] = write_process(*spec.process);
  if (spec.root) {
    Json& root = object["root"] = Json::object();
    root["path"] = spec.root->path;
    json::set_if(root, "readonly", spec.root->readonly);
  }
  json::set_if(object, "hostname", spec.hostname);
  json::set_if(object, "domainname", spec.domainname);
  set_filled(object, "mounts", write_array(spec.mounts, write_mount));
  set_filled(object, "hooks", write_hooks(spec.hooks));
  json::set_if(object, "annotations", spec.annotations);
  set_filled(object, "linux", write_linux(spec.linux));
  return dump_json(object);
}

std::string serialize(const Process& process) {
  return dump_json(write_process(process));
}

}  // namespace coracle::oci
