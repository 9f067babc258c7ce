// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <mutex>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/log.hpp"
#include "coracle/config/http_settings.hpp"
#include "coracle/config/registries.hpp"
#include "coracle/oci/reference.hpp"
#include "coracle/registry/repository.hpp"
#include "registry/endpoint.hpp"
#include "registry/http/status_error.hpp"

namespace coracle::registry {
namespace {

constexpr std::size_t k_max_answer = 4U << 20;
constexpr std::size_t k_max_pages = 1000;
constexpr std::size_t k_page = 1000;

std::string host_of(const std::string& name) {
  return name.substr(0, name.find('/'));
}

/// docker's hub is searched elsewhere than it is pulled from.
std::string search_host(const std::string& host) {
  return host == "docker.io" ? "index.docker.io" : host;
}

std::vector<SearchResult> parse_results(const Json& document, const std::string& host,
                                        std::size_t limit) {
  std::vector<SearchResult> results;
  const auto* list = json::find(document, "results");
  if (list == nullptr || !list->is_array()) return results;
  for (const auto& entry : *list) {
    if (results.size() == limit) break;
    SearchResult result;
    result.index = host;
    std::string name = json::require_string(entry, "name");
    if (!oci::is_valid_repository(name)) continue;
    const bool bare = host == "docker.io" && name.find('/') == std::string::npos;
    result.name = host + "/" + (bare ? "library/" : "") + name;
    result.description = printable(json::get_string(entry, "description"));
    result.stars = json::get_int(entry, "star_count");
    result.official = json::get_bool(entry, "is_official");
    result.automated = json::get_bool(entry, "is_automated");
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace

struct RegistryClient::State {
  struct Known {
    std::string host;
    bool insecure;
    std::optional<Credentials> credentials;
    std::shared_ptr<Endpoint> endpoint;
  };

  State(Access given, const linux::Cancellation& cancellation)
      : access(std::move(given)),
        retries{access.retries, access.retry_delay, access.notice},
        client(config::load_http_settings(), access.certificates, cancellation),
        store(access.auth_file, config::load_registries().credential_helpers) {
    if (!retries.notice) retries.notice = [](std::string_view text) { log::warn("{}", text); };
  }

  Access access;
  RetryPolicy retries;
  HttpClient client;
  /// Knows its files from now on: in the engine's user namespace they would be those of root.
  CredentialStore store;
  std::mutex mutex;
  std::map<std::string, std::optional<Credentials>> known_credentials;  ///< guarded by mutex
  std::vector<Known> endpoints;                                         ///< guarded by mutex
};

RegistryClient::RegistryClient(Access access, const linux::Cancellation& cancellation)
    : state_(std::make_unique<State>(std::move(access), cancellation)) {}

RegistryClient::~RegistryClient() = default;

std::shared_ptr<Endpoint> RegistryClient::endpoint(const std::string& name, bool insecure) {
  const std::lock_guard lock(state_->mutex);
  std::optional<Credentials> credentials = state_->access.credentials;
  if (!credentials) {
    const auto known = state_->known_credentials.find(name);
    credentials =
        known != state_->known_credentials.end() ? known->second : state_->store.find(name);
    state_->known_credentials[name] = credentials;
  }
  const std::string host = host_of(name);
  for (const auto& known : state_->endpoints) {
    if (known.host == host && known.insecure == insecure && known.credentials == credentials) {
      return known.endpoint;
    }
  }
  auto made =
      std::make_shared<Endpoint>(state_->client, state_->retries, host, insecure, credentials);
  state_->endpoints.push_back({host, insecure, credentials, made});
  return made;
}

Repository RegistryClient::repository(const std::string& name, bool insecure) {
  return {endpoint(name, insecure), name};
}

void RegistryClient::verify_credentials(const std::string& host, bool insecure) {
  const auto registry = endpoint(host, insecure);
  const std::string what = fmt::format("logging into \"{}\"", host);
  with_retries(state_->retries, state_->client.cancellation(), [&] {
    HttpRequest request;
    request.url = registry->url("/v2/");
    HttpResponse response = registry->send(std::move(request), {});
    if (response.status() == 401) {
      throw Error(ErrorClass::permission_denied, "{}: invalid username/password", what);
    }
    if (!response.head().is_success()) throw StatusError(response, what);
  });
}

std::vector<SearchResult> RegistryClient::search(const std::string& host, const std::string& term,
                                                 std::size_t limit, bool insecure) {
  const std::string what = fmt::format("searching {} for '{}'", host, term);
  const auto registry = endpoint(search_host(host), insecure);
  std::string target = "/v1/search";
  add_query(target, "q", term);
  add_query(target, "n", std::to_string(limit));
  try {
    const std::string text = registry->get_text(target, {}, k_max_answer, what);
    return parse_results(parse_json(text, what), host, limit);
  } catch (const StatusError& error) {
    log::debug("no search of version 1: {}", error.describe());
  }
  std::vector<SearchResult> results;
  std::string page = fmt::format("/v2/_catalog?n={}", k_page);
  for (std::size_t pages = 0; !page.empty() && results.size() < limit; ++pages) {
    std::string next;
    const Json document = parse_json(registry->get_text(page, {}, k_max_answer, what, &next), what);
    for (const auto& name : json::get_strings(document, "repositories")) {
      const bool fits = name.find(term) != std::string::npos && oci::is_valid_repository(name);
      if (!fits || results.size() == limit) continue;
      SearchResult result;
      result.index = host;
      result.name = host + "/" + name;
      results.push_back(std::move(result));
    }
    if (next == page || pages == k_max_pages) {
      throw Error(ErrorClass::invalid_argument, "{}: the catalogue has no end", what);
    }
    page = std::move(next);
  }
  return results;
}

}  // namespace coracle::registry
