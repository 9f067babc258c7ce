// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/images.hpp"
#include "engine/container/resolve.hpp"

namespace coracle::engine {
namespace {

/// The exec form is a JSON array; the shell form runs under /bin/sh.
std::vector<std::string> command_words(std::string_view text) {
  if (text.starts_with('[')) {
    std::vector<std::string> words;
    for (const Json& word : parse_json(text, "--change")) {
      if (!word.is_string())
        throw Error(ErrorClass::invalid_argument, "invalid command '{}'", text);
      words.push_back(word.get<std::string>());
    }
    return words;
  }
  return {"/bin/sh", "-c", std::string(text)};
}

std::string unquote(std::string_view text) {
  if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0]) {
    return std::string(text.substr(1, text.size() - 2));
  }
  return std::string(text);
}

/// "K=V", or "K V" as the old form had it.
std::pair<std::string, std::string> key_value(std::string_view text) {
  const auto equals = split_once(text, '=');
  const auto space = split_once(text, ' ');
  const auto& pair = equals ? equals : space;
  if (!pair || pair->first.empty())
    throw Error(ErrorClass::invalid_argument, "invalid pair '{}'", text);
  return {std::string(trim(pair->first)), unquote(trim(pair->second))};
}

}  // namespace

void apply_change(std::string_view change, oci::ContainerConfig& config) {
  const std::string_view text = trim(change);
  // Both "CMD /bin/sh" and podman's "CMD=/bin/sh".
  const auto end = text.find_first_of(" \t=");
  const std::string name = to_upper(text.substr(0, end));
  const std::string_view value = end == std::string_view::npos ? "" : trim(text.substr(end + 1));
  if (name == "CMD") {
    config.cmd = command_words(value);
  } else if (name == "ENTRYPOINT") {
    config.entrypoint = command_words(value);
  } else if (name == "ENV") {
    const auto [key, text_value] = key_value(value);
    set_variable(config.env, key + "=" + text_value);
  } else if (name == "LABEL") {
    const auto [key, text_value] = key_value(value);
    config.labels[key] = text_value;
  } else if (name == "EXPOSE") {
    for (const auto& port : split(value, ' ')) {
      if (!port.empty())
        config.exposed_ports.insert(port.find('/') == std::string::npos ? port + "/tcp" : port);
    }
  } else if (name == "VOLUME") {
    if (value.starts_with('[')) {
      for (const auto& path : command_words(value)) config.volumes.insert(path);
    } else {
      for (const auto& path : split(value, ' ')) {
        if (!path.empty()) config.volumes.insert(path);
      }
    }
  } else if (name == "USER") {
    config.user = std::string(value);
  } else if (name == "WORKDIR") {
    config.working_dir = std::string(value);
  } else if (name == "STOPSIGNAL") {
    config.stop_signal = std::string(value);
  } else if (name == "ONBUILD") {
    config.on_build.emplace_back(value);
  } else {
    throw Error(ErrorClass::invalid_argument, "invalid change '{}': unknown instruction {}", change,
                name);
  }
}

}  // namespace coracle::engine
