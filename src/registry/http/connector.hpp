// SPDX-License-Identifier: Apache-2.0
// From a URL to a connection: proxies, tunnels, TLS with the certificates meant for the server.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "coracle/config/http_settings.hpp"
#include "coracle/linux/cancellation.hpp"
#include "registry/http/proxy.hpp"
#include "registry/http/stream.hpp"
#include "registry/http/tls.hpp"
#include "registry/http/url.hpp"

namespace coracle::registry {

/// May be used by several threads.
class Connector {
 public:
  /// @param certificates  --cert-dir: a directory of certificates for every server, instead of
  /// those
  ///                      in settings.certificate_parents; may be empty
  Connector(config::HttpSettings settings, std::string certificates,
            const linux::Cancellation& cancellation);
  ~Connector();

  /// @param verify  whether the server's certificate must be valid
  /// @throws Error unavailable when it cannot be reached; invalid_argument when it is not who it
  ///         should be, or does not speak TLS
  std::unique_ptr<Stream> connect(const Url& url, bool verify);
  /// The proxy that requests for plain http URLs are sent to, with the whole URL as their target.
  std::optional<Proxy> forward_proxy(const Url& url) const;
  const config::HttpSettings& settings() const noexcept { return settings_; }

 private:
  Socket open_tunnel(const Proxy& proxy, const Url& url) const;
  std::unique_ptr<Stream> secure(Socket socket, const Url& url, bool verify);
  const TlsContext& tls_context(const Url& url, bool verify);

  config::HttpSettings settings_;
  std::string certificates_;
  const linux::Cancellation& cancellation_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<TlsContext>> contexts_;  ///< guarded by mutex_
};

}  // namespace coracle::registry
