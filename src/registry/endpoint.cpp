// SPDX-License-Identifier: Apache-2.0
#include "registry/endpoint.hpp"

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "registry/http/status_error.hpp"

namespace coracle::registry {
namespace {

constexpr int k_most_challenges = 3;

/// docker's hub is known by a name that is no server.
std::string server_of(const std::string& host) {
  return host == "docker.io" ? "registry-1.docker.io" : host;
}

}  // namespace

Endpoint::Endpoint(HttpClient& client, const RetryPolicy& retries, std::string host, bool insecure,
                   std::optional<Credentials> credentials)
    : client_(client),
      retries_(retries),
      host_(std::move(host)),
      insecure_(insecure),
      authorizer_(client, std::move(credentials), !insecure) {}

bool Endpoint::answers(const Url& registry) const {
  HttpRequest request;
  request.url = registry;
  request.url.target = "/v2/";
  request.verify = false;
  (void)client_.request(std::move(request)).text(1U << 20);
  return true;
}

/// An insecure registry may speak TLS all the same. That it does not is believed when it says so,
/// or answers without: a broken connection says nothing.
bool Endpoint::find_out_scheme() const {
  if (!insecure_) return true;
  try {
    return answers(url_of_host(server_of(host_), true));
  } catch (const Error& error) {
    client_.cancellation().check();
    log::debug("{} does not answer with TLS: {}", host_, error.describe());
    if (error.error_class() == ErrorClass::invalid_argument) return false;
    try {
      return !answers(url_of_host(server_of(host_), false));
    } catch (const Error& plain) {
      log::debug("{} does not answer without TLS either: {}", host_, plain.describe());
    }
    throw;
  }
}

Url Endpoint::url(std::string target) {
  const std::lock_guard lock(mutex_);
  if (!secure_) secure_ = find_out_scheme();
  Url url = url_of_host(server_of(host_), *secure_);
  url.target = std::move(target);
  return url;
}

HttpResponse Endpoint::send(HttpRequest request, const Scopes& scopes) {
  request.verify = !insecure_;
  for (int challenges = 0;; ++challenges) {
    // Only the registry itself is told who we are, and only it may ask: not where it redirects to,
    // nor where it has uploads sent.
    const bool is_ours = request.url.same_origin(url("/"));
    const std::string authorization = is_ours ? authorizer_.authorization(scopes) : "";
    request.fields.remove("Authorization");
    if (!authorization.empty()) request.fields.add("Authorization", authorization);
    HttpResponse response = client_.request(request);
    if (response.status() != 401 || challenges == k_most_challenges || !is_ours ||
        !response.url().same_origin(request.url)) {
      return response;
    }
    if (!authorizer_.learn(response, scopes, authorization)) return response;
    if (request.upload != nullptr) {
      // What was sent is gone. With what has been learnt it may be sent again.
      throw Error(ErrorClass::unavailable, "{} wants another token", host_);
    }
    (void)response.text(1U << 20);
  }
}

HttpResponse Endpoint::send_for_success(HttpRequest request, const Scopes& scopes,
                                        const std::string& what) {
  HttpResponse response = send(std::move(request), scopes);
  if (!response.head().is_success()) refuse(response, what);
  return response;
}

void Endpoint::refuse(HttpResponse& response, const std::string& what) const {
  StatusError error(response, what);
  if (error.status() == 401) {
    error.set_hint("the registry wants to know who you are: coracle login " + host_);
  }
  throw error;
}

std::string Endpoint::get_text(const std::string& target, const Scopes& scopes, std::size_t limit,
                               const std::string& what, std::string* next_page) {
  return with_retries(retries_, client_.cancellation(), [&] {
    HttpRequest request;
    request.url = url(target);
    HttpResponse response = send_for_success(std::move(request), scopes, what);
    if (next_page != nullptr) {
      const std::string next = next_link(response.head());
      // Whatever host the link names: the pages are this registry's.
      *next_page = next.empty() ? "" : response.url().resolve(next).target;
    }
    return response.text(limit);
  });
}

std::string next_link(const ResponseHead& head) {
  for (const auto field : head.fields.get_all("Link")) {
    for (const auto& link : split(field, ',')) {
      const auto open = link.find('<');
      const auto close = link.find('>', open);
      if (open == std::string::npos || close == std::string::npos) continue;
      for (const auto& parameter : split(link.substr(close + 1), ';')) {
        const auto text = to_lower(trim(parameter));
        if (text == "rel=\"next\"" || text == "rel=next") {
          return link.substr(open + 1, close - open - 1);
        }
      }
    }
  }
  return "";
}

}  // namespace coracle::registry
