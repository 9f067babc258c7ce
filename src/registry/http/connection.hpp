// SPDX-License-Identifier: Apache-2.0
// One connection to a server: requests and answers in turn (RFC 9112).
#pragma once

#include <memory>
#include <string_view>

#include "registry/http/message.hpp"
#include "registry/http/stream.hpp"

namespace coracle::registry {

class HttpConnection {
 public:
  explicit HttpConnection(std::unique_ptr<Stream> stream);
  ~HttpConnection();
  HttpConnection(HttpConnection&&) noexcept;
  HttpConnection& operator=(HttpConnection&&) noexcept;

  /// Sends head and body. Host and, where there is a body, Content-Length are the caller's.
  void send(const RequestHead& head, std::string_view body = {});
  /// More of a body whose length the head has told.
  void send_body(std::string_view part);
  /// Waits for the answer's head; interim answers (1xx) are passed over.
  /// @param to_head  whether the request was HEAD: then there is no body, whatever the fields say
  /// @throws Error unavailable when the server hangs up; invalid_argument for what is no HTTP, and
  /// for
  ///         heads of more than 64 KiB
  ResponseHead receive(bool to_head);
  /// Bytes of the answer's body, decoded; 0 at its end.
  /// @throws Error unavailable when the connection ends within the body
  std::size_t read_body(void* data, std::size_t size);
  /// Whether the body has been read to its end and the server goes on listening.
  bool is_reusable() const noexcept;
  /// It is no good for another request: this one was not sent to its end.
  void spoil() noexcept;

  Stream& stream() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coracle::registry
