// SPDX-License-Identifier: Apache-2.0
// How registries are reached: proxies and certificates, from the environment and the system.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace coracle::config {

/// As curl and Go's programs read them. The variables in lower case count, too.
struct ProxySettings {
  std::string http;      ///< HTTP_PROXY: for http URLs
  std::string https;     ///< HTTPS_PROXY: for https URLs
  std::string no_proxy;  ///< NO_PROXY: hosts, domains, addresses and networks, separated by commas
};

struct HttpSettings {
  ProxySettings proxies;
  /// The system's authorities: PEM files, of which the first that exists counts ($SSL_CERT_FILE
  /// alone, or the places of the distributions), and directories ($SSL_CERT_DIR).
  std::vector<std::string> authority_bundles;
  std::vector<std::string> authority_directories;
  /// Each may hold a directory HOST[:PORT] with certificates for that server
  /// (containers-certs.d(5)); all count, the strongest last.
  std::vector<std::string> certificate_parents;
  /// How long a server may be silent; $CORACLE_HTTP_TIMEOUT, in seconds.
  std::chrono::milliseconds patience{60'000};
};

/// @throws Error invalid_argument naming a variable that makes no sense
HttpSettings load_http_settings();

/// Where docker's daemon listens: $DOCKER_HOST, or the user's own, or the system's socket.
/// @throws Error not_implemented for a daemon on another machine
std::string docker_socket();

}  // namespace coracle::config
