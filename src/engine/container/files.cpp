// SPDX-License-Identifier: Apache-2.0
#include "engine/container/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>
#include <functional>

#include "coracle/archive/layers.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {

namespace {

/// By which the container finds itself.
std::string own_lines(const store::ContainerConfig& config,
                      const std::vector<std::string>& addresses) {
  std::string text;
  if (config.hostname.empty()) return text;
  for (const auto& address : addresses) {
    text += fmt::format("{}\t{} {}\n", address, config.hostname, config.name);
  }
  return text;
}

}  // namespace

std::string hosts_text(const store::ContainerConfig& config, const NetworkFacts& network,
                       std::string_view base) {
  std::string text;
  for (const auto& line : split(base, '\n')) {
    // The host's own names for itself mean nothing inside, localhost does.
    const bool foreign = config.hosts_file.empty() &&
                         config.network.mode != store::NamespaceMode::host &&
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
  if (!is_host) {
    text += own_lines(config, network.addresses.empty() ? std::vector<std::string>{"127.0.1.1"}
                                                        : network.addresses);
  }
  return text;
}

namespace {

/// The name servers as the container reaches them. One of the host's on a loopback address is
/// reached by a helper only.
std::vector<std::string> name_servers(const store::ContainerConfig& config,
                                      const NetworkFacts& network, std::string_view host_file) {
  // Whoever knows the names of containers asks the others in its turn.
  if (!network.search_domain.empty()) return network.name_servers;
  if (!config.dns.empty()) return config.dns;
  std::vector<std::string> servers = network.name_servers;
  for (const auto& line : split(host_file, '\n')) {
    constexpr std::string_view k_keyword = "nameserver";
    if (!line.starts_with(k_keyword)) continue;
    std::string server(trim(std::string_view(line).substr(k_keyword.size())));
    const auto address = network::IpAddress::try_parse(server);
    const bool reachable = network.addresses.empty() || !address || !address->is_loopback();
    if (reachable) servers.push_back(std::move(server));
  }
  return servers;
}

std::vector<std::string> search_domains(const store::ContainerConfig& config,
                                        const NetworkFacts& network, std::string_view host_file) {
  std::vector<std::string> domains;
  if (!network.search_domain.empty()) domains.push_back(network.search_domain);
  if (!config.dns_search.empty()) {
    if (config.dns_search == std::vector<std::string>{"."}) return {};
    domains.insert(domains.end(), config.dns_search.begin(), config.dns_search.end());
    return domains;
  }
  for (const auto& line : split(host_file, '\n')) {
    constexpr std::string_view k_keyword = "search";
    if (!line.starts_with(k_keyword)) continue;
    for (auto& domain : split(trim(std::string_view(line).substr(k_keyword.size())), ' ')) {
      if (!domain.empty()) domains.push_back(std::move(domain));
    }
  }
  return domains;
}

}  // namespace

std::string resolv_conf_text(const store::ContainerConfig& config, const NetworkFacts& network,
                             std::string_view host_file) {
  std::string text;
  const auto domains = search_domains(config, network, host_file);
  if (!domains.empty()) text += "search " + join(domains, " ") + "\n";
  for (const auto& server : name_servers(config, network, host_file)) {
    text += "nameserver " + server + "\n";
  }
  if (!config.dns_options.empty()) {
    return text + "options " + join(config.dns_options, " ") + "\n";
  }
  for (const auto& line : split(host_file, '\n')) {
    if (line.starts_with("options")) text += line + "\n";
  }
  return text;
}

namespace {

constexpr std::size_t k_largest_file = 1U << 20;

/// In place: a running container that has the file mounted keeps seeing it.
void rewrite(const std::string& path,
             const std::function<std::string(const std::string& before)>& change) {
  const auto before = linux::read_file_if_exists(path, k_largest_file);
  if (!before) return;  // It has none of its own.
  write_in_place(path, change(*before));
}

std::string without_lines(const std::string& text,
                          const std::function<bool(const std::string& line)>& is_dropped) {
  std::string kept;
  for (const auto& line : split(text, '\n')) {
    if (!line.empty() && !is_dropped(line)) kept += line + "\n";
  }
  return kept;
}

}  // namespace

void write_in_place(const std::string& path, std::string_view text) {
  const linux::Fd file = linux::open_file(path, O_WRONLY | O_CREAT, 0644);
  struct stat before {};
  if (::fstat(file.get(), &before) != 0) throw SysError("cannot look at '{}'", path);
  // Whoever reads it meanwhile must not find it empty, nor the end of a line that was there.
  std::string padded(text);
  padded.resize(std::max(text.size(), static_cast<std::size_t>(before.st_size)), '\n');
  linux::write_all(file.get(), padded, path);
  if (::ftruncate(file.get(), static_cast<off_t>(text.size())) != 0) {
    throw SysError("cannot shorten '{}'", path);
  }
}

void add_to_files(const std::string& directory, const store::ContainerConfig& config,
                  const NetworkFacts& network) {
  rewrite(directory + "/hosts",
          [&](const std::string& before) { return before + own_lines(config, network.addresses); });
  if (network.search_domain.empty()) return;
  rewrite(directory + "/resolv.conf", [&](const std::string& before) {
    std::string servers;
    for (const auto& server : network.name_servers) servers += "nameserver " + server + "\n";
    std::string text = before;
    const auto place = text.find("nameserver");
    text.insert(place == std::string::npos ? text.size() : place, servers);
    return text;
  });
}

void remove_from_files(const std::string& directory, const NetworkFacts& network) {
  rewrite(directory + "/hosts", [&](const std::string& before) {
    return without_lines(before, [&](const std::string& line) {
      return std::ranges::any_of(network.addresses, [&](const std::string& address) {
        return line.starts_with(address + "\t");
      });
    });
  });
  rewrite(directory + "/resolv.conf", [&](const std::string& before) {
    return without_lines(before, [&](const std::string& line) {
      return std::ranges::any_of(network.name_servers, [&](const std::string& server) {
        return line == "nameserver " + server;
      });
    });
  });
}

std::string read_image_file(Context& context, const store::ContainerConfig& config,
                            const std::string& path) {
  constexpr std::size_t k_limit = 8U << 20;
  const linux::Fd file = archive::open_in_layers(root_directories(context, config), path,
                                                 O_RDONLY | O_NOCTTY | O_NONBLOCK);
  return file ? linux::read_all(file.get(), k_limit) : "";
}

}  // namespace coracle::engine
