// SPDX-License-Identifier: Apache-2.0
// Requests to servers: connections are kept and used again, redirects are followed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "registry/http/connection.hpp"
#include "registry/http/connector.hpp"
#include "registry/http/message.hpp"
#include "registry/http/url.hpp"

namespace coracle::registry {

class HttpClient;

/// A body that is too large to be held in memory.
class UploadBody {
 public:
  virtual ~UploadBody() = default;
  /// Nothing when nobody knows: then it is sent in chunks (RFC 9112, section 7.1).
  virtual std::optional<std::uint64_t> size() const = 0;
  /// Bytes of it; 0 at its end.
  virtual std::size_t read(void* data, std::size_t size) = 0;
};

struct HttpRequest {
  std::string method = "GET";
  Url url;
  HttpFields fields;  ///< without Host and Content-Length
  std::string body;
  UploadBody* upload = nullptr;  ///< instead of `body`; then redirects are not followed
  bool verify = true;            ///< whether the server's certificate must be valid
  /// For servers that have to think; 0: the settings' patience.
  std::chrono::milliseconds patience{0};
};

/// An answer whose body is still to be read. Gives its connection back at the body's end.
class HttpResponse {
 public:
  HttpResponse(HttpClient& client, std::string route, HttpConnection connection, ResponseHead head,
               Url url);
  ~HttpResponse();
  HttpResponse(HttpResponse&&) noexcept;
  HttpResponse& operator=(HttpResponse&&) = delete;

  int status() const noexcept { return head_.status; }
  const ResponseHead& head() const noexcept { return head_; }
  /// What was asked at last, after redirects.
  const Url& url() const noexcept { return url_; }
  /// Bytes of the body; 0 at its end.
  /// @throws Error unavailable when the connection breaks, or brings too little for too long
  std::size_t read(void* data, std::size_t size);
  /// The rest of the body.
  /// @throws Error invalid_argument when it has more than `limit` bytes
  std::string text(std::size_t limit);

 private:
  void require_speed();

  HttpClient* client_;
  std::string route_;
  std::optional<HttpConnection> connection_;
  ResponseHead head_;
  Url url_;
  Deadline::Clock::duration waited_{};  ///< for the bytes of `received_`, until both begin anew
  std::uint64_t received_ = 0;
};

/// May be used by several threads.
class HttpClient {
 public:
  HttpClient(config::HttpSettings settings, std::string certificates,
             const linux::Cancellation& cancellation);

  /// Sends a request and waits for the answer's head, whatever its status. At most ten redirects
  /// are followed; to another origin without Authorization, from https to http not at all.
  /// @throws Error unavailable when the server cannot be reached, hangs up or is silent;
  ///         invalid_argument for answers that make no sense
  HttpResponse request(HttpRequest request);

  const linux::Cancellation& cancellation() const noexcept { return cancellation_; }
  std::chrono::milliseconds patience() const noexcept { return connector_.settings().patience; }

 private:
  friend class HttpResponse;
  HttpResponse exchange(const HttpRequest& request);
  HttpResponse exchange_over(HttpConnection connection, const std::string& route,
                             const HttpRequest& request, const RequestHead& head);
  RequestHead head_of(const HttpRequest& request) const;
  std::optional<HttpConnection> take_idle(const std::string& route);
  void give_back(const std::string& route, HttpConnection connection);

  Connector connector_;
  const linux::Cancellation& cancellation_;
  std::mutex mutex_;
  std::map<std::string, std::vector<HttpConnection>> idle_;  ///< by route; guarded by mutex_
};

}  // namespace coracle::registry
