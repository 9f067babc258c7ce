// SPDX-License-Identifier: Apache-2.0
#include "engine/container/files.hpp"

#include <fcntl.h>

#include <fmt/format.h>

#include "coracle/archive/layers.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {

std::string hosts_text(const store::ContainerConfig& config, const NetworkFacts& network,
                       std::string_view host_file) {
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
  const bool is_host = config.network.mode == store::NamespaceMode::host;
  const std::string gateway = is_host ? "127.0.0.1" : network.host_address;
  for (const auto& [name, address] : config.hosts) {
    if (address != "host-gateway") {
      text += fmt::format("{}\t{}\n", address, name);
    } else if (!gateway.empty()) {
      text += fmt::format("{}\t{}\n", gateway, name);
    }
  }
  if (!gateway.empty()) {
    text += fmt::format("{}\thost.containers.internal host.docker.internal\n", gateway);
  }
  if (!is_host && !config.hostname.empty()) {
    text += fmt::format("{}\t{} {}\n", network.address.empty() ? "127.0.1.1" : network.address,
                        config.hostname, config.name);
  }
  return text;
}

namespace {

/// The host's name servers as the container reaches them. One on a loopback address is reached by
/// the helper's only.
std::vector<std::string> name_servers(const NetworkFacts& network, std::string_view host_file) {
  std::vector<std::string> servers;
  if (!network.name_server.empty()) servers.push_back(network.name_server);
  for (const auto& line : split(host_file, '\n')) {
    constexpr std::string_view k_keyword = "nameserver";
    if (!line.starts_with(k_keyword)) continue;
    std::string server(trim(std::string_view(line).substr(k_keyword.size())));
    const auto address = network::IpAddress::try_parse(server);
    const bool reachable = network.address.empty() || !address || !address->is_loopback();
    if (reachable) servers.push_back(std::move(server));
  }
  return servers;
}

}  // namespace

std::string resolv_conf_text(const store::ContainerConfig& config, const NetworkFacts& network,
                             std::string_view host_file) {
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
  for (const auto& server : config.dns.empty() ? name_servers(network, host_file) : config.dns) {
    text += "nameserver " + server + "\n";
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
