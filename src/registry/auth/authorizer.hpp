// SPDX-License-Identifier: Apache-2.0
// What one registry wants to see as Authorization: Basic (RFC 7617), or tokens of its token server
// (distribution project, docs/spec/auth/token.md and oauth.md).
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "coracle/registry/credentials.hpp"
#include "registry/auth/challenge.hpp"
#include "registry/http/client.hpp"

namespace coracle::registry {

/// What may be done: "repository:library/debian:pull", …
using Scopes = std::vector<std::string>;

/// May be used by several threads.
class Authorizer {
 public:
  Authorizer(HttpClient& client, std::optional<Credentials> credentials, bool verify)
      : client_(client), credentials_(std::move(credentials)), verify_(verify) {}

  /// The field's value for a request within these scopes; empty while the registry has not asked.
  /// @throws Error permission_denied when the token server refuses the user
  std::string authorization(const Scopes& scopes);
  /// Learns from an answer 401 to a request that was sent with `used`.
  /// @returns whether it is worth while to try again
  bool learn(const HttpResponse& response, const Scopes& scopes, const std::string& used);

 private:
  struct Token {
    std::string text;
    Deadline::Clock::time_point expires;
  };
  const std::string& token_for(const Scopes& scopes);
  Token fetch_token(const Scopes& scopes);
  HttpRequest token_request(const Scopes& scopes) const;

  HttpClient& client_;
  std::optional<Credentials> credentials_;
  bool verify_;
  std::mutex mutex_;  ///< of two that want the same token one fetches it
  std::optional<Challenge> challenge_;
  Url challenger_;
  std::map<Scopes, std::string> asked_;  ///< scopes that the registry named besides
  std::map<Scopes, Token> tokens_;
};

}  // namespace coracle::registry
