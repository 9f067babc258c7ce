// SPDX-License-Identifier: Apache-2.0
#include "coracle/config/http_settings.hpp"

#include "config/config_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::config {
namespace {

constexpr const char* k_timeout_variable = "CORACLE_HTTP_TIMEOUT";
constexpr std::int64_t k_max_timeout = 86'400;

/// Where distributions keep what they trust: Debian, Fedora, openSUSE, Alpine.
constexpr const char* k_bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                     "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                     "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                     "/etc/ssl/cert.pem"};

std::string first_of(const char* name, const char* other) {
  const std::string value = environment(name);
  return value.empty() ? environment(other) : value;
}

}  // namespace

HttpSettings load_http_settings() {
  HttpSettings settings;
  // A web server hands the header "Proxy:" of its clients to its programs as HTTP_PROXY
  // (CVE-2016-5385); it sets REQUEST_METHOD, too.
  if (environment("REQUEST_METHOD").empty()) {
    settings.proxies.http = first_of("HTTP_PROXY", "http_proxy");
  }
  settings.proxies.https = first_of("HTTPS_PROXY", "https_proxy");
  settings.proxies.no_proxy = first_of("NO_PROXY", "no_proxy");
  if (auto file = environment("SSL_CERT_FILE"); !file.empty()) {
    settings.authority_bundles = {std::move(file)};
  } else {
    settings.authority_bundles.assign(std::begin(k_bundles), std::end(k_bundles));
  }
  for (auto& directory : split(environment("SSL_CERT_DIR"), ':')) {
    if (!directory.empty()) settings.authority_directories.push_back(std::move(directory));
  }
  settings.certificate_parents = {"/etc/docker/certs.d", "/etc/containers/certs.d"};
  if (const auto own = own_containers_directory(); !own.empty()) {
    settings.certificate_parents.push_back(own + "/certs.d");
  }
  if (const auto text = environment(k_timeout_variable); !text.empty()) {
    const auto seconds = parse_int(text);
    if (!seconds || *seconds < 1 || *seconds > k_max_timeout) {
      throw Error(ErrorClass::invalid_argument, "{}='{}': expected seconds, 1 to {}",
                  k_timeout_variable, text, k_max_timeout);
    }
    settings.patience = std::chrono::seconds(*seconds);
  }
  return settings;
}

std::string docker_socket() {
  constexpr std::string_view k_scheme = "unix://";
  const std::string host = environment("DOCKER_HOST");
  if (host.starts_with(k_scheme)) return host.substr(k_scheme.size());
  if (!host.empty()) {
    throw Error(ErrorClass::not_implemented,
                "DOCKER_HOST='{}': only docker's daemon on this machine can be asked: unix://PATH",
                host);
  }
  const std::string own = environment("XDG_RUNTIME_DIR") + "/docker.sock";
  return linux::exists(own) ? own : "/var/run/docker.sock";
}

}  // namespace coracle::config
