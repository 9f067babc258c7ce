// SPDX-License-Identifier: Apache-2.0
#include "registry/http/client.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"

namespace coracle::registry {
namespace {

constexpr int k_max_redirects = 10;
constexpr std::size_t k_max_idle = 8;
constexpr std::size_t k_upload_buffer = 256U << 10;
/// A body of which less comes in the time that a server may be silent is not worth waiting for.
constexpr std::uint64_t k_least_in_window = 16U << 10;

/// Connections that may stand in for each other.
std::string route_of(const Url& url, bool verify) {
  return fmt::format("{}://{}{}", url.secure ? "https" : "http", url.authority(),
                     verify ? "" : " unverified");
}

void send_upload(HttpConnection& connection, const RequestHead& head, UploadBody& upload) {
  connection.send(head);
  std::string buffer(k_upload_buffer, '\0');
  const bool chunked = !upload.size();
  while (const std::size_t got = upload.read(buffer.data(), buffer.size())) {
    if (chunked) connection.send_body(fmt::format("{:x}\r\n", got));
    connection.send_body({buffer.data(), got});
    if (chunked) connection.send_body("\r\n");
  }
  if (chunked) connection.send_body("0\r\n\r\n");
}

/// Whether the request goes on as it was, or as a GET (RFC 9110, section 15.4).
bool becomes_get(int status, const std::string& method) {
  if (method == "GET" || method == "HEAD") return false;
  return status == 303 || ((status == 301 || status == 302) && method == "POST");
}

}  // namespace

HttpResponse::HttpResponse(HttpClient& client, std::string route, HttpConnection connection,
                           ResponseHead head, Url url)
    : client_(&client),
      route_(std::move(route)),
      connection_(std::move(connection)),
      head_(std::move(head)),
      url_(std::move(url)) {}

HttpResponse::HttpResponse(HttpResponse&& other) noexcept = default;

HttpResponse::~HttpResponse() {
  if (connection_ && connection_->is_reusable()) {
    client_->give_back(route_, *std::move(connection_));
  }
}

std::size_t HttpResponse::read(void* data, std::size_t size) {
  const auto start = Deadline::Clock::now();
  const std::size_t got = connection_->read_body(data, size);
  // Only what the server takes counts: the reader may have its own reasons to be slow.
  waited_ += Deadline::Clock::now() - start;
  received_ += got;
  if (got != 0 && waited_ > client_->patience()) require_speed();
  return got;
}

void HttpResponse::require_speed() {
  if (received_ < k_least_in_window) {
    throw Error(ErrorClass::unavailable, "{} sends too slowly: {} bytes in {} seconds",
                url_.authority(), received_,
                std::chrono::duration_cast<std::chrono::seconds>(client_->patience()).count());
  }
  waited_ = {};
  received_ = 0;
}

std::string HttpResponse::text(std::size_t limit) {
  std::string text;
  char buffer[16U << 10];
  while (const std::size_t got = read(buffer, sizeof buffer)) {
    text.append(buffer, got);
    if (text.size() > limit) {
      throw Error(ErrorClass::invalid_argument, "the answer from {} has more than {} bytes",
                  url_.authority(), limit);
    }
  }
  return text;
}

HttpClient::HttpClient(config::HttpSettings settings, std::string certificates,
                       const linux::Cancellation& cancellation)
    : connector_(std::move(settings), std::move(certificates), cancellation),
      cancellation_(cancellation) {}

HttpResponse HttpClient::request(HttpRequest request) {
  for (int redirects = 0;; ++redirects) {
    HttpResponse response = exchange(request);
    const std::string location(response.head().fields.get("Location"));
    if (!response.head().is_redirect() || location.empty() || request.upload != nullptr) {
      return response;
    }
    if (redirects == k_max_redirects) {
      throw Error(ErrorClass::invalid_argument, "{} redirects again and again",
                  request.url.authority());
    }
    const Url next = request.url.resolve(location);
    if (request.url.secure && !next.secure) {
      throw Error(ErrorClass::invalid_argument, "{} redirects to '{}', which is not encrypted",
                  request.url.authority(), next.str());
    }
    if (becomes_get(response.status(), request.method)) {
      request.method = "GET";
      request.body.clear();
      request.fields.remove("Content-Type");
    }
    if (!next.same_origin(request.url)) request.fields.remove("Authorization");
    log::debug("{} redirects to {}", request.url.authority(), next.authority());
    request.url = next;
  }
}

RequestHead HttpClient::head_of(const HttpRequest& request) const {
  RequestHead head;
  head.method = request.method;
  head.target = request.url.target;
  head.fields.add("Host", request.url.authority());
  head.fields.add("User-Agent", "coracle/" CORACLE_VERSION);
  for (const auto& [name, value] : request.fields) head.fields.add(name, value);
  if (request.upload != nullptr) {
    if (const auto size = request.upload->size()) {
      head.fields.add("Content-Length", std::to_string(*size));
    } else {
      head.fields.add("Transfer-Encoding", "chunked");
    }
  } else if (request.method != "GET" && request.method != "HEAD") {
    head.fields.add("Content-Length", std::to_string(request.body.size()));
  }
  if (const auto proxy = connector_.forward_proxy(request.url)) {
    head.target = request.url.str();
    if (!proxy->authorization.empty()) {
      head.fields.add("Proxy-Authorization", proxy->authorization);
    }
  }
  return head;
}

HttpResponse HttpClient::exchange(const HttpRequest& request) {
  const std::string route = route_of(request.url, request.verify);
  const RequestHead head = head_of(request);
  if (auto idle = take_idle(route)) {
    try {
      return exchange_over(*std::move(idle), route, request, head);
    } catch (const Error& error) {
      // A server may close a connection that nobody uses at any time. Nothing is lost by asking
      // anew, unless part of an upload is gone.
      if (error.error_class() != ErrorClass::unavailable || request.upload != nullptr) throw;
      cancellation_.check();
    }
  }
  HttpConnection connection(connector_.connect(request.url, request.verify));
  return exchange_over(std::move(connection), route, request, head);
}

HttpResponse HttpClient::exchange_over(HttpConnection connection, const std::string& route,
                                       const HttpRequest& request, const RequestHead& head) {
  Socket& socket = connection.stream().socket();
  const auto patience = std::max(request.patience, this->patience());
  if (request.upload != nullptr) {
    try {
      send_upload(connection, head, *request.upload);
    } catch (const Error& error) {
      // A server that refuses an upload may say why before it hangs up.
      if (error.error_class() != ErrorClass::unavailable || cancellation_.is_cancelled()) throw;
      socket.set_deadline(Deadline(std::chrono::seconds(1)));
      try {
        ResponseHead answer = connection.receive(false);
        connection.spoil();
        socket.set_deadline(Deadline(patience));
        if (answer.status >= 400) {
          return {*this, route, std::move(connection), std::move(answer), request.url};
        }
      } catch (const Error&) {
        // It did not.
      }
      throw;
    }
  }
  socket.set_patience(patience);
  socket.set_deadline(Deadline(patience));
  if (request.upload == nullptr) connection.send(head, request.body);
  ResponseHead answer = connection.receive(request.method == "HEAD");
  socket.set_patience(this->patience());
  socket.set_deadline(std::nullopt);
  return {*this, route, std::move(connection), std::move(answer), request.url};
}

std::optional<HttpConnection> HttpClient::take_idle(const std::string& route) {
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[route];
  while (!idle.empty()) {
    HttpConnection connection = std::move(idle.back());
    idle.pop_back();
    // Whoever says something unasked says good-bye.
    if (!connection.stream().socket().is_readable()) return connection;
  }
  return std::nullopt;
}

void HttpClient::give_back(const std::string& route, HttpConnection connection) {
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[route];
  if (idle.size() < k_max_idle) idle.push_back(std::move(connection));
}

}  // namespace coracle::registry
