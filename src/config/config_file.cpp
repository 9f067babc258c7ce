// SPDX-License-Identifier: Apache-2.0
#include <toml++/toml.h>

#include <variant>

#include "config/config_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::config {
namespace {

/// Where a key's value goes; the alternative is the key's type.
using Target = std::variant<std::string Config::*, std::int64_t Config::*, bool Config::*,
                            std::vector<std::string> Config::*>;

struct Key {
  KeyDescription description;
  Target target;
};

const std::vector<Key>& keys() {
  static const std::vector<Key> k_keys = {
      {{"storage", "graphroot", "path", "where images and containers are kept"}, &Config::root},
      {{"storage", "runroot", "path", "what does not outlive a boot"}, &Config::runroot},
      {{"storage", "driver", "name", "overlay, fuse-overlayfs or vfs; chosen by probing when unset"},
       &Config::storage_driver},
      {{"engine", "cgroup_manager", "name", "cgroupfs, systemd or disabled"}, &Config::cgroup_manager},
      {{"engine", "detach_keys", "keys", "the keys that detach a terminal"}, &Config::detach_keys},
      {{"engine", "stop_timeout", "seconds", "how long stop waits before it kills"},
       &Config::stop_timeout},
      {{"containers", "default_capabilities", "names", "what containers may do"},
       &Config::default_capabilities},
      {{"containers", "default_ulimits", "limits", "as --ulimit takes them"}, &Config::default_ulimits},
      {{"containers", "env", "variables", "set in every container"}, &Config::default_env},
      {{"containers", "seccomp_profile", "path", "instead of the built-in profile"},
       &Config::seccomp_profile},
      {{"containers", "log_driver", "name", "json-file, k8s-file or none"}, &Config::log_driver},
      {{"containers", "log_size_max", "bytes", "size at which a log is rotated; -1: never"},
       &Config::log_size_max},
      {{"containers", "pids_limit", "number", "processes in a container; 0: no limit"},
       &Config::pids_limit},
      {{"containers", "init", "boolean", "run the built-in init in every container"}, &Config::init},
      {{"containers", "tz", "zone", "time zone of containers; local: the host's"}, &Config::timezone},
      {{"containers", "umask", "mask", "of the first process"}, &Config::umask},
      {{"containers", "userns", "mode", "as --userns takes it"}, &Config::user_namespace},
      {{"containers", "netns", "mode", "as --network takes it"}, &Config::network},
  };
  return k_keys;
}

template <typename T>
T require(const toml::node& node, const std::string& file, const KeyDescription& key) {
  if (const auto value = node.value<T>()) return *value;
  throw Error(ErrorClass::invalid_argument, "{}: [{}] {} has a value of the wrong type, expected {}",
              file, key.table, key.key, key.type);
}

void assign(const toml::node& node, const std::string& file, const Key& key, Config& config) {
  if (const auto* text = std::get_if<std::string Config::*>(&key.target)) {
    config.**text = require<std::string>(node, file, key.description);
  } else if (const auto* number = std::get_if<std::int64_t Config::*>(&key.target)) {
    config.**number = require<std::int64_t>(node, file, key.description);
  } else if (const auto* flag = std::get_if<bool Config::*>(&key.target)) {
    config.**flag = require<bool>(node, file, key.description);
  } else {
    auto& list = config.**std::get_if<std::vector<std::string> Config::*>(&key.target);
    const toml::array* array = node.as_array();
    if (array == nullptr) (void)require<bool>(node, file, key.description);
    list.clear();
    for (const auto& entry : *array) {
      list.push_back(require<std::string>(entry, file, key.description));
    }
  }
}

}  // namespace

const std::vector<KeyDescription>& describe_keys() {
  static const std::vector<KeyDescription> k_descriptions = [] {
    std::vector<KeyDescription> list;
    for (const auto& key : keys()) list.push_back(key.description);
    return list;
  }();
  return k_descriptions;
}

void apply_toml(const std::string& text, const std::string& file, Config& config) {
  toml::table document;
  try {
    document = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorClass::invalid_argument, "{}:{}: {}", file, error.source().begin.line,
                error.description());
  }
  for (const auto& key : keys()) {
    const auto node = document[key.description.table][key.description.key];
    if (node) assign(*node.node(), file, key, config);
  }
}

}  // namespace coracle::config
