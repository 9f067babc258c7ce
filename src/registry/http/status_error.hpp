// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "coracle/base/error.hpp"
#include "registry/http/client.hpp"

namespace coracle::registry {

/// An answer whose status is no success, with what the server says in its body: the errors of the
/// distribution specification, or of a token server.
class StatusError : public Error {
 public:
  /// @param what  "manifest unknown in 'registry/name:tag'": what was asked for
  StatusError(HttpResponse& response, const std::string& what);

  int status() const noexcept { return status_; }
  /// How long the server wants to be left alone (Retry-After).
  std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }

 private:
  int status_;
  std::optional<std::chrono::seconds> retry_after_;
};

/// A server's words without what would do something to a terminal.
std::string printable(std::string text);

/// Seconds or a date (RFC 9110, section 10.2.3); nothing for what cannot be read.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text);

}  // namespace coracle::registry
