// SPDX-License-Identifier: Apache-2.0
// Which networks there are.
#pragma once

#include <string_view>
#include <vector>

#include "coracle/engine/context.hpp"
#include "coracle/store/network_config.hpp"

namespace coracle::engine {

/// The network that is always there: podman's name for it, and docker's.
inline constexpr std::string_view k_default_network = "podman";
inline constexpr std::string_view k_default_network_alias = "bridge";
/// Of the names of bridges.
inline constexpr std::string_view k_interface_prefix = "coracle";

/// All, the default one among them. The caller holds the lock of networks.
std::vector<store::NetworkConfig> list_networks_unlocked(Context& context);

}  // namespace coracle::engine
