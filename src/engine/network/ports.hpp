// SPDX-License-Identifier: Apache-2.0
// Published ports of containers, from what was asked for to what is opened.
#pragma once

#include <vector>

#include "coracle/engine/request/container_request.hpp"
#include "coracle/network/port.hpp"
#include "coracle/oci/image_config.hpp"
#include "coracle/store/container_config.hpp"

namespace coracle::engine {

/// Chooses ports of the host where the choice is left to us. The network is decided already.
/// @throws Error conflict for ports that exclude each other
void resolve_ports(const ContainerRequest& request, const oci::ContainerConfig& image,
                   store::ContainerConfig& config);
std::vector<network::PortMapping> mappings_of(const std::vector<store::PublishedPort>& ports);

}  // namespace coracle::engine
