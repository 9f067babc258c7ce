// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "coracle/engine/containers.hpp"

namespace coracle::cli {

/// Where a port of the host is: "0.0.0.0:8080", "[::1]:8080".
std::string host_place(const store::PublishedPort& port, int offset = 0);

/// All ports in one line, as the column PORTS has them: "0.0.0.0:8080-8082->80-82/tcp, 53/udp".
std::string describe_ports(const std::vector<store::PublishedPort>& ports,
                           const std::vector<std::string>& exposed_ports);

}  // namespace coracle::cli
