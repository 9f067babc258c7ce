// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "coracle/engine/context.hpp"
#include "engine/container/network.hpp"

namespace coracle::engine {

/// The text of /etc/hosts and /etc/resolv.conf for a container.
std::string hosts_text(const store::ContainerConfig& config, const NetworkFacts& network,
                       std::string_view host_file);
std::string resolv_conf_text(const store::ContainerConfig& config, const NetworkFacts& network,
                             std::string_view host_file);

/// A regular file as the container sees it, without its mounts; "" if there is none.
std::string read_image_file(Context& context, const store::ContainerConfig& config,
                            const std::string& path);

}  // namespace coracle::engine
