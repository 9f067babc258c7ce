// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "engine/request/options.hpp"

namespace coracle::engine {
namespace {

constexpr std::array k_volume_options = {
    "ro",         "rw",          "z",        "Z",      "U",       "O",        "bind",
    "rbind",      "private",     "rprivate", "slave",  "rslave",  "shared",   "rshared",
    "unbindable", "runbindable", "exec",     "noexec", "suid",    "nosuid",   "dev",
    "nodev",      "copy",        "nocopy",   "idmap",  "noatime", "relatime", "nosymfollow"};

[[noreturn]] void refuse(std::string_view what, std::string_view text) {
  throw Error(ErrorClass::invalid_argument, "{} '{}'", what, text);
}

std::string absolute_source(std::string_view source, std::string_view directory) {
  if (source.starts_with('/')) return std::string(source);
  if (source == "." || source == ".." || source.starts_with("./") || source.starts_with("../")) {
    return std::string(directory) + "/" + std::string(source);
  }
  return std::string(source);
}

bool is_volume_name(std::string_view source) {
  return !source.starts_with('/');
}

/// "/a//b/./c/../d/" as "/a/b/d": one place has one name.
std::string clean_path(std::string_view path) {
  std::vector<std::string> parts;
  for (auto& part : split(path, '/')) {
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(std::move(part));
    }
  }
  return "/" + join(parts, "/");
}

void require_destination(std::string& destination, std::string_view text) {
  if (!destination.starts_with('/')) {
    throw Error(ErrorClass::invalid_argument,
                "invalid container path '{}' in '{}', must be an absolute path", destination, text);
  }
  destination = clean_path(destination);
  if (destination == "/") refuse("the container's root cannot be a mount destination in", text);
}

}  // namespace

MountOption parse_volume(std::string_view text, std::string_view directory) {
  const auto parts = split(text, ':');
  MountOption mount;
  if (parts.size() > 3)
    refuse("incorrect volume format, should be host-dir:ctr-dir[:option]:", text);
  if (parts.size() == 1) {
    mount.type = "volume";
    mount.destination = parts[0];
  } else {
    mount.source = absolute_source(parts[0], directory);
    mount.destination = parts[1];
    if (mount.source.empty()) refuse("host directory cannot be empty in", text);
    mount.type = is_volume_name(mount.source) ? "volume" : "bind";
  }
  require_destination(mount.destination, text);
  if (parts.size() == 3) {
    for (const auto& option : split(parts[2], ',')) {
      if (std::ranges::find(k_volume_options, option) == k_volume_options.end() &&
          !option.starts_with("idmap=") && !option.starts_with("upperdir=") &&
          !option.starts_with("workdir=")) {
        throw Error(ErrorClass::invalid_argument, "invalid option \"{}\" of volume '{}'", option,
                    text);
      }
      mount.options.push_back(option);
    }
  }
  return mount;
}

namespace {

/// "readonly", "ro=true" and the like.
bool flag_value(std::string_view value, std::string_view text) {
  if (value.empty()) return true;
  const auto parsed = parse_bool(value);
  if (!parsed) refuse("not a boolean in mount", text);
  return *parsed;
}

void apply_mount_key(std::string_view key, const std::string& value, std::string_view text,
                     std::string_view directory, MountOption& mount) {
  if (key == "type") {
    mount.type = value;
  } else if (key == "source" || key == "src") {
    mount.source = absolute_source(value, directory);
  } else if (key == "destination" || key == "target" || key == "dst" || key == "dest") {
    mount.destination = value;
  } else if (key == "readonly" || key == "ro") {
    mount.options.emplace_back(flag_value(value, text) ? "ro" : "rw");
  } else if (key == "rw") {
    mount.options.emplace_back(flag_value(value, text) ? "rw" : "ro");
  } else if (key == "bind-propagation") {
    mount.options.push_back(value);
  } else if (key == "bind-nonrecursive") {
    mount.options.emplace_back(flag_value(value, text) ? "bind" : "rbind");
  } else if (key == "U" || key == "chown") {
    if (flag_value(value, text)) mount.options.emplace_back("U");
  } else if (key == "relabel") {
    mount.options.emplace_back(value == "private" ? "Z" : "z");
  } else if (key == "tmpfs-size") {
    mount.options.push_back("size=" + value);
  } else if (key == "tmpfs-mode") {
    mount.options.push_back("mode=" + value);
  } else if (key == "tmpcopyup" || key == "notmpcopyup") {
    mount.options.emplace_back(key);
  } else if (key == "consistency") {
    return;  // docker's, without meaning on Linux.
  } else if (value.empty() && std::ranges::find(k_volume_options, key) != k_volume_options.end()) {
    mount.options.emplace_back(key);
  } else {
    throw Error(ErrorClass::invalid_argument, "{}: invalid mount option in '{}'", key, text);
  }
}

}  // namespace

MountOption parse_mount(std::string_view text, std::string_view directory) {
  MountOption mount;
  mount.type = "volume";
  for (const auto& field : split_csv(text)) {
    const auto pair = split_once(field, '=');
    const std::string key(pair ? pair->first : std::string_view(field));
    apply_mount_key(key, pair ? std::string(pair->second) : "", text, directory, mount);
  }
  if (mount.destination.empty()) refuse("must set a mount destination in", text);
  require_destination(mount.destination, text);
  constexpr std::array k_types = {"bind", "volume", "tmpfs", "devpts", "ramfs"};
  if (std::ranges::find(k_types, mount.type) == k_types.end()) {
    throw Error(ErrorClass::invalid_argument, "invalid filesystem type \"{}\" in mount '{}'",
                mount.type, text);
  }
  if (mount.type == "bind" && mount.source.empty()) refuse("must set a mount source in", text);
  if (mount.type == "bind" && is_volume_name(mount.source)) {
    mount.source = std::string(directory) + "/" + mount.source;
  }
  return mount;
}

MountOption parse_tmpfs(std::string_view text) {
  MountOption mount;
  mount.type = "tmpfs";
  const auto pair = split_once(text, ':');
  mount.destination = std::string(pair ? pair->first : text);
  require_destination(mount.destination, text);
  if (pair) {
    for (auto& option : split(pair->second, ',')) {
      if (!option.empty()) mount.options.push_back(std::move(option));
    }
  }
  return mount;
}

DeviceOption parse_device(std::string_view text) {
  const auto parts = split(text, ':');
  DeviceOption device;
  const auto is_permissions = [](const std::string& part) {
    return !part.empty() && part.find_first_not_of("rwm") == std::string::npos;
  };
  device.source = parts[0];
  device.path = parts[0];
  if (parts.size() == 2) {
    (is_permissions(parts[1]) ? device.permissions : device.path) = parts[1];
  } else if (parts.size() == 3) {
    device.path = parts[1];
    device.permissions = parts[2];
  }
  if (parts.size() > 3 || !device.source.starts_with('/') || !device.path.starts_with('/') ||
      !is_permissions(device.permissions)) {
    refuse("invalid device specification:", text);
  }
  return device;
}

}  // namespace coracle::engine
