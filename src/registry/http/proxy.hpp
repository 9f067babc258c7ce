// SPDX-License-Identifier: Apache-2.0
// Which requests go by way of a proxy, from the variables that curl and Go's programs read.
#pragma once

#include <optional>
#include <string>

#include "registry/http/url.hpp"

namespace coracle::registry {

struct ProxySettings {
  std::string http;      ///< HTTP_PROXY: for http URLs
  std::string https;     ///< HTTPS_PROXY: for https URLs
  std::string no_proxy;  ///< NO_PROXY: hosts, domains, addresses and networks, separated by commas
};

struct Proxy {
  Url url;
  std::string authorization;  ///< value of Proxy-Authorization, or ""
};

/// Nothing for a direct connection: always to localhost and loopback addresses.
/// @throws Error invalid_argument naming a proxy that is no URL of http or https
std::optional<Proxy> proxy_for(const ProxySettings& settings, const Url& target);

}  // namespace coracle::registry
