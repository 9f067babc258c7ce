// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "coracle/oci/descriptor.hpp"
#include "registry/auth/authorizer.hpp"
#include "registry/http/client.hpp"
#include "registry/http/retry.hpp"

namespace coracle::registry {

/// One registry: where it is, whether it speaks TLS, and who we are to it. May be used by several
/// threads.
class Endpoint {
 public:
  /// @param host  "HOST[:PORT]" as names have it
  Endpoint(HttpClient& client, const RetryPolicy& retries, std::string host, bool insecure,
           std::optional<Credentials> credentials);

  const std::string& host() const noexcept { return host_; }
  HttpClient& client() const noexcept { return client_; }
  const RetryPolicy& retries() const noexcept { return retries_; }

  /// "https://host/v2/…". The first call finds out whether an insecure registry speaks TLS.
  Url url(std::string target);
  /// Sends a request with what the registry wants to see as Authorization.
  HttpResponse send(HttpRequest request, const Scopes& scopes);
  /// The same until it has a success.
  /// @param what  for errors
  /// @throws StatusError for any other answer
  HttpResponse send_for_success(HttpRequest request, const Scopes& scopes, const std::string& what);
  /// @throws StatusError, with a hint where credentials would help
  [[noreturn]] void refuse(HttpResponse& response, const std::string& what) const;
  /// The body of a GET, tried as often as the policy says.
  std::string get_text(const std::string& target, const Scopes& scopes, std::size_t limit,
                       const std::string& what, std::string* next_page = nullptr);

 private:
  bool find_out_scheme() const;
  bool answers(const Url& registry) const;

  HttpClient& client_;
  const RetryPolicy& retries_;
  std::string host_;
  bool insecure_;
  std::mutex mutex_;
  std::optional<bool> secure_;  ///< guarded by mutex_
  Authorizer authorizer_;
};

/// The URL of `rel="next"` in Link fields (RFC 8288), as it stands there; empty for none.
std::string next_link(const ResponseHead& head);

/// Requests for a blob from `offset` on.
std::unique_ptr<class Download> make_blob_download(std::shared_ptr<Endpoint> endpoint,
                                                   std::string repository, std::string target,
                                                   Scopes scopes, oci::Descriptor blob,
                                                   std::uint64_t offset);

}  // namespace coracle::registry
