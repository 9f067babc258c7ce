// SPDX-License-Identifier: Apache-2.0
#include "engine/container/files.hpp"

#include <fcntl.h>

#include <fmt/format.h>

#include "coracle/archive/layers.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {

std::string hosts_text(const store::ContainerConfig& config, std::string_view host_file) {
  std::string text;
  for (const auto& line : split(host_file, '\n')) {
    // The host's own names for itself mean nothing inside, localhost does.
    const bool foreign = config.network.mode != store::NamespaceMode::host &&
                         line.starts_with("127.") && line.find("localhost") == std::string::npos;
    if (!line.empty() && !foreign) text += line + "\n";
  }
  if (text.find("localhost") == std::string::npos) {
    text += "127.0.0.1\tlocalhost\n::1\tlocalhost\n";
  }
  for (const auto& [name, address] : config.hosts) text += fmt::format("{}\t{}\n", address, name);
  if (config.network.mode != store::NamespaceMode::host && !config.hostname.empty()) {
    text += fmt::format("127.0.1.1\t{} {}\n", config.hostname, config.name);
  }
  return text;
}

std::string resolv_conf_text(const store::ContainerConfig& config, std::string_view host_file) {
  std::string text;
  const auto keep = [&](std::string_view keyword) {
    for (const auto& line : split(host_file, '\n')) {
      if (line.starts_with(keyword)) text += line + "\n";
    }
  };
  if (config.dns_search.empty()) {
    keep("search");
  } else if (config.dns_search != std::vector<std::string>{"."}) {
    text += "search " + join(config.dns_search, " ") + "\n";
  }
  if (config.dns.empty()) {
    keep("nameserver");
  } else {
    for (const auto& server : config.dns) text += "nameserver " + server + "\n";
  }
  if (config.dns_options.empty()) {
    keep("options");
  } else {
    text += "options " + join(config.dns_options, " ") + "\n";
  }
  return text;
}

std::string read_image_file(Context& context, const store::ContainerConfig& config,
                            const std::string& path) {
  constexpr std::size_t k_limit = 8U << 20;
  const linux::Fd file = archive::open_in_layers(root_directories(context, config), path,
                                                 O_RDONLY | O_NOCTTY | O_NONBLOCK);
  return file ? linux::read_all(file.get(), k_limit) : "";
}

}  // namespace coracle::engine
