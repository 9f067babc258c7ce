// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "coracle/base/json.hpp"
#include "coracle/store/container_config.hpp"

namespace coracle::engine {

/// By "80/tcp", the places of the host that lead there.
Json port_bindings(const store::ContainerConfig& config);

}  // namespace coracle::engine
