// SPDX-License-Identifier: Apache-2.0
// Which requests go by way of a proxy, from the variables that curl and Go's programs read.
#pragma once

#include <optional>
#include <string>

#include "coracle/config/http_settings.hpp"
#include "registry/http/url.hpp"

namespace coracle::registry {

struct Proxy {
  Url url;
  std::string authorization;  ///< value of Proxy-Authorization, or ""
};

/// Nothing for a direct connection: always to localhost and loopback addresses.
/// @throws Error invalid_argument naming a proxy that is no URL of http or https
std::optional<Proxy> proxy_for(const config::ProxySettings& settings, const Url& target);

}  // namespace coracle::registry
