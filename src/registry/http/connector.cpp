// SPDX-License-Identifier: Apache-2.0
#include "registry/http/connector.hpp"

#include <algorithm>

#include "coracle/base/error.hpp"
#include "registry/http/connection.hpp"

namespace coracle::registry {
namespace {

constexpr std::chrono::milliseconds k_connect_patience{30'000};

}  // namespace

Connector::Connector(config::HttpSettings settings, std::string certificates,
                     const linux::Cancellation& cancellation)
    : settings_(std::move(settings)),
      certificates_(std::move(certificates)),
      cancellation_(cancellation) {}

Connector::~Connector() = default;

std::optional<Proxy> Connector::forward_proxy(const Url& url) const {
  if (url.secure) return std::nullopt;
  return proxy_for(settings_.proxies, url);
}

std::unique_ptr<Stream> Connector::connect(const Url& url, bool verify) {
  const auto proxy = proxy_for(settings_.proxies, url);
  const Url& first = proxy ? proxy->url : url;
  if (proxy && url.secure) return secure(open_tunnel(*proxy, url), url, verify);
  Socket socket = Socket::connect(first.host, first.port,
                                  std::min(k_connect_patience, settings_.patience), cancellation_);
  socket.set_patience(settings_.patience);
  if (!first.secure) return std::make_unique<PlainStream>(std::move(socket));
  return secure(std::move(socket), first, verify || proxy.has_value());
}

/// RFC 9110, section 9.3.6.
Socket Connector::open_tunnel(const Proxy& proxy, const Url& url) const {
  if (proxy.url.secure) {
    throw Error(ErrorClass::not_implemented,
                "the proxy '{}' wants TLS of its own, which is not supported for https URLs",
                proxy.url.str());
  }
  return in_context("using the proxy " + proxy.url.authority(), [&] {
    Socket socket =
        Socket::connect(proxy.url.host, proxy.url.port,
                        std::min(k_connect_patience, settings_.patience), cancellation_);
    socket.set_patience(settings_.patience);
    HttpConnection connection(std::make_unique<PlainStream>(std::move(socket)));
    RequestHead head;
    head.method = "CONNECT";
    head.target = url.host.find(':') == std::string::npos
                      ? fmt::format("{}:{}", url.host, url.port)
                      : fmt::format("[{}]:{}", url.host, url.port);
    head.fields.add("Host", head.target);
    if (!proxy.authorization.empty()) head.fields.add("Proxy-Authorization", proxy.authorization);
    connection.stream().socket().set_deadline(Deadline(settings_.patience));
    connection.send(head);
    const ResponseHead answer = connection.receive(true);
    if (!answer.is_success()) {
      throw Error(answer.status == 407 ? ErrorClass::permission_denied : ErrorClass::unavailable,
                  "the proxy refuses a connection to {}: status {}", head.target, answer.status);
    }
    connection.stream().socket().set_deadline(std::nullopt);
    return std::move(connection.stream().socket());
  });
}

std::unique_ptr<Stream> Connector::secure(Socket socket, const Url& url, bool verify) {
  const TlsContext& context = tls_context(url, verify);
  socket.set_deadline(Deadline(settings_.patience));
  auto stream = context.connect(std::move(socket), url.host);
  stream->socket().set_deadline(std::nullopt);
  return stream;
}

const TlsContext& Connector::tls_context(const Url& url, bool verify) {
  const std::lock_guard lock(mutex_);
  auto& context = contexts_[url.authority() + (verify ? "" : " unverified")];
  if (context) return *context;
  TlsSettings settings;
  settings.verify = verify;
  settings.bundles = settings_.authority_bundles;
  settings.hashed_directories = settings_.authority_directories;
  if (!certificates_.empty()) {
    settings.directories = {certificates_};
  } else {
    for (const auto& parent : settings_.certificate_parents) {
      settings.directories.push_back(parent + "/" + url.authority());
    }
  }
  context = std::make_unique<TlsContext>(settings);
  return *context;
}

}  // namespace coracle::registry
