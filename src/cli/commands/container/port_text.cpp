// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/container/port_text.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/strings.hpp"

namespace coracle::cli {
namespace {

std::string range_text(int first, int count) {
  return count == 1 ? std::to_string(first) : fmt::format("{}-{}", first, first + count - 1);
}

std::string bracketed(const std::string& address) {
  if (address.empty()) return "0.0.0.0";
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

bool leads_to(const store::PublishedPort& port, std::string_view exposed) {
  for (int i = 0; i < port.range; ++i) {
    if (exposed == fmt::format("{}/{}", port.container_port + i, port.protocol)) return true;
  }
  return false;
}

}  // namespace

std::string host_place(const store::PublishedPort& port, int offset) {
  return fmt::format("{}:{}", bracketed(port.host_ip), port.host_port + offset);
}

std::string describe_ports(const std::vector<store::PublishedPort>& ports,
                           const std::vector<std::string>& exposed_ports) {
  std::vector<std::string> texts;
  for (const auto& port : ports) {
    texts.push_back(fmt::format("{}:{}->{}/{}", bracketed(port.host_ip),
                                range_text(port.host_port, port.range),
                                range_text(port.container_port, port.range), port.protocol));
  }
  for (const auto& exposed : exposed_ports) {
    const bool published = std::ranges::any_of(
        ports, [&](const store::PublishedPort& port) { return leads_to(port, exposed); });
    if (!published) texts.push_back(exposed);
  }
  return join(texts, ", ");
}

}  // namespace coracle::cli
