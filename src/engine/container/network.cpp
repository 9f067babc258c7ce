// SPDX-License-Identifier: Apache-2.0
#include "engine/container/network.hpp"

#include <fcntl.h>

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/network_namespace.hpp"
#include "engine/container/resolve.hpp"
#include "engine/request/options.hpp"

namespace coracle::engine {

using network::UserModeHelper;
using store::NamespaceMode;
using store::NetworkBackend;

namespace {

bool is_installed(UserModeHelper helper) {
  return linux::find_program(std::string(to_string(helper))).has_value();
}

bool can_have_ports(const store::ContainerConfig& config) {
  return config.network_backend != NetworkBackend::none;
}

network::PortMapping to_mapping(const store::PublishedPort& port) {
  network::PortMapping mapping;
  if (!port.host_ip.empty()) mapping.address = network::IpAddress::parse(port.host_ip, "address");
  mapping.host = port.host_port;
  mapping.container = port.container_port;
  mapping.count = port.range;
  mapping.protocol = *network::parse_protocol(port.protocol);
  return mapping;
}

std::optional<network::IpAddress> address_of(const PublishOption& option) {
  if (option.host_ip.empty()) return std::nullopt;
  return network::IpAddress::parse(option.host_ip, "address");
}

/// The port of the host for one that leaves the choice to us.
std::uint16_t choose_host_port(const PublishOption& option) {
  const auto protocol = *network::parse_protocol(option.protocol);
  if (!option.host) {
    return network::find_free_port(address_of(option), option.container.count, protocol);
  }
  if (option.host->count == option.container.count) return option.host->first;
  for (std::uint16_t i = 0; i < option.host->count; ++i) {
    const auto port = static_cast<std::uint16_t>(option.host->first + i);
    try {
      network::require_free({{address_of(option), port, option.container.first, 1, protocol}});
      return port;
    } catch (const Error& error) {
      if (error.error_class() != ErrorClass::conflict) throw;
    }
  }
  throw Error(ErrorClass::conflict, "all ports of the range {}-{}/{} are in use",
              option.host->first, option.host->first + option.host->count - 1, option.protocol);
}

store::PublishedPort publish(const PublishOption& option) {
  if (option.protocol == "sctp") {
    throw Error(ErrorClass::not_implemented,
                "port {}/sctp cannot be published: that needs a bridge network, which is not "
                "supported yet",
                option.container.first);
  }
  return {option.host_ip, choose_host_port(option), option.container.first, option.container.count,
          option.protocol};
}

bool is_published(const store::ContainerConfig& config, std::uint16_t port,
                  const std::string& protocol) {
  return std::ranges::any_of(config.ports, [&](const store::PublishedPort& published) {
    return published.protocol == protocol && port >= published.container_port &&
           port - published.container_port < published.range;
  });
}

void resolve_exposed(const ContainerRequest& request, const oci::ContainerConfig& image,
                     store::ContainerConfig& config) {
  std::vector<std::string> texts(image.exposed_ports.begin(), image.exposed_ports.end());
  texts.insert(texts.end(), request.expose.begin(), request.expose.end());
  std::set<std::string> known;  // An image may expose all ports that there are.
  for (const auto& text : texts) {
    const ExposeOption option = parse_expose(text);
    for (std::uint16_t i = 0; i < option.ports.count; ++i) {
      auto name = fmt::format("{}/{}", option.ports.first + i, option.protocol);
      if (known.insert(name).second) config.exposed_ports.push_back(std::move(name));
    }
  }
}

void require_no_overlap(const std::vector<store::PublishedPort>& ports) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const auto& a = ports[i];
      const auto& b = ports[j];
      const bool same_place = a.protocol == b.protocol &&
                              (a.host_ip == b.host_ip || a.host_ip.empty() || b.host_ip.empty());
      if (same_place && a.host_port < b.host_port + b.range &&
          b.host_port < a.host_port + a.range) {
        throw Error(ErrorClass::conflict,
                    "conflicting port mappings for host port {} (protocol {})",
                    std::max(a.host_port, b.host_port), a.protocol);
      }
    }
  }
}

void resolve_ports(const ContainerRequest& request, const oci::ContainerConfig& image,
                   store::ContainerConfig& config) {
  resolve_exposed(request, image, config);
  const bool wanted = !request.publish.empty() || request.publish_all;
  if (!wanted) return;
  std::vector<PublishOption> options;
  for (const auto& text : request.publish) options.push_back(parse_publish(text));
  if (config.network.mode == NamespaceMode::container) {
    throw Error(ErrorClass::invalid_argument,
                "cannot set port bindings on an existing container network namespace");
  }
  if (!can_have_ports(config)) {
    log::warn("port mappings are discarded: there is nothing to publish with the network '{}'",
              to_string(config.network.mode));
    return;
  }
  for (const auto& option : options) config.ports.push_back(publish(option));
  if (request.publish_all) {
    for (const auto& text : config.exposed_ports) {
      const ExposeOption exposed = parse_expose(text);
      if (is_published(config, exposed.ports.first, exposed.protocol)) continue;
      config.ports.push_back(publish({"", std::nullopt, exposed.ports, exposed.protocol}));
    }
  }
  require_no_overlap(config.ports);
}

/// "NAME[:OPTION,…]" of a backend.
bool takes_backend(std::string_view wanted, NetworkBackend backend,
                   store::ContainerConfig& config) {
  const auto pair = split_once(wanted, ':');
  if ((pair ? pair->first : wanted) != to_string(backend)) return false;
  config.network_backend = backend;
  if (pair && !pair->second.empty()) config.network_options = split(pair->second, ',');
  return true;
}

void resolve_default_network(const config::Config& settings, store::ContainerConfig& config) {
  config.network.mode = NamespaceMode::none;
  if (!settings.rootless) return;
  if (!is_installed(UserModeHelper::pasta) && !is_installed(UserModeHelper::slirp4netns)) {
    log::warn(
        "there is no network inside but the loopback interface: neither pasta (Debian's package "
        "passt) nor slirp4netns is installed");
    return;
  }
  config.network.mode = NamespaceMode::private_;
  config.network_backend = NetworkBackend::user_mode;
}

}  // namespace

void resolve_network(Context& context, const ContainerRequest& request,
                     const oci::ContainerConfig& image, store::ContainerConfig& config) {
  if (request.networks.size() > 1) {
    throw Error(ErrorClass::not_implemented, "several networks are not supported yet");
  }
  const std::string wanted =
      request.networks.empty() ? context.config().network : request.networks.back();
  const auto pair = split_once(wanted, ':');
  config.network = {NamespaceMode::private_, ""};
  if (wanted.empty() || wanted == "private") {
    resolve_default_network(context.config(), config);
  } else if (wanted == "none") {
    config.network.mode = NamespaceMode::none;
  } else if (wanted == "host") {
    config.network.mode = NamespaceMode::host;
  } else if (pair && pair->first == "container") {
    config.network = {NamespaceMode::container, context.containers().find(pair->second).str()};
  } else if (pair && pair->first == "ns" && pair->second.starts_with('/')) {
    config.network = {NamespaceMode::path, std::string(pair->second)};
  } else if (!takes_backend(wanted, NetworkBackend::pasta, config) &&
             !takes_backend(wanted, NetworkBackend::slirp4netns, config)) {
    throw Error(ErrorClass::not_implemented,
                "network '{}' is not supported yet: expected none, host, pasta, slirp4netns, "
                "container:NAME or ns:PATH",
                wanted);
  }
  if (config.network_backend == NetworkBackend::pasta && !context.config().rootless) {
    throw Error(ErrorClass::invalid_argument,
                "pasta networking is only supported for rootless mode");
  }
  resolve_ports(request, image, config);
}

bool ContainerNetwork::is_wanted() const noexcept {
  return config_.network_backend != NetworkBackend::none;
}

std::string ContainerNetwork::begin() {
  if (!is_wanted()) return "";
  make_plan();
  if (!config_.id_mappings.empty()) return "";
  namespace_ = linux::make_network_namespace();
  start(first_choice());
  return fmt::format("/proc/self/fd/{}", namespace_.get());
}

void ContainerNetwork::begin_for(pid_t process) {
  if (!is_wanted() || namespace_) return;
  namespace_ = linux::open_file(fmt::format("/proc/{}/ns/net", process), O_RDONLY);
  start(first_choice());
}

void ContainerNetwork::make_plan() {
  plan_ = {};
  const network::HostNetwork host = network::look_at_host();
  plan_.options = config_.network_options;
  std::vector<network::PortMapping> ports;
  for (const auto& port : config_.ports) ports.push_back(to_mapping(port));
  listeners_ = network::listen_on(ports);
  plan_.addresses = network::choose_addresses(host);
  facts_.address = plan_.addresses.address.str();
  if (host.address) facts_.host_address = host.address->str();
  facts_.name_server = plan_.addresses.name_server.str();
}

UserModeHelper ContainerNetwork::first_choice() const {
  const bool pasta =
      config_.network_backend == NetworkBackend::pasta ||
      (config_.network_backend == NetworkBackend::user_mode && is_installed(UserModeHelper::pasta));
  return pasta ? UserModeHelper::pasta : UserModeHelper::slirp4netns;
}

void ContainerNetwork::start(UserModeHelper helper) {
  plan_.helper = helper;
  user_mode_ = std::make_unique<network::UserModeNetwork>(plan_, namespace_.get());
}

void ContainerNetwork::await() {
  if (!user_mode_) return;
  try {
    user_mode_->await();
  } catch (const Error& error) {
    const bool may_try_another = config_.network_backend == NetworkBackend::user_mode &&
                                 plan_.helper == UserModeHelper::pasta &&
                                 is_installed(UserModeHelper::slirp4netns);
    if (!may_try_another) throw;
    log::info("slirp4netns instead: {}", error.describe());
    user_mode_.reset();
    start(UserModeHelper::slirp4netns);
    user_mode_->await();
  }
  serve_ports();
}

void ContainerNetwork::serve_ports() {
  if (listeners_.empty()) return;
  network::ForwardTarget target;
  target.address = plan_.addresses.address;
  // slirp4netns leaves the choice of an IPv6 address to the kernel.
  if (plan_.helper == UserModeHelper::pasta) target.address_v6 = plan_.addresses.address_v6;
  target.stand_in = plan_.addresses.gateway;
  target.stand_in_v6 = plan_.addresses.gateway_v6;
  forwarder_ =
      std::make_unique<network::PortForwarder>(std::move(listeners_), target, namespace_.get());
  listeners_.clear();
}

linux::ProcessIdentity ContainerNetwork::helper() const {
  return user_mode_ ? user_mode_->process() : linux::ProcessIdentity{};
}

void ContainerNetwork::stop() noexcept {
  // Whoever hears of the end may want the ports next: this one is waited for.
  forwarder_.reset();
  listeners_.clear();
  if (user_mode_) user_mode_->end();
  namespace_.reset();
}

}  // namespace coracle::engine
