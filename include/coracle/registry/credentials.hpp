// SPDX-License-Identifier: Apache-2.0
// Who the user is to a registry: the files that docker, podman and skopeo share
// (containers-auth.json(5), docker's config.json) and the helpers they name
// (docker-credential-NAME).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::registry {

struct Credentials {
  std::string user;
  std::string password;
  std::string identity_token;  ///< for the token server, instead of user and password

  bool empty() const noexcept { return user.empty() && password.empty() && identity_token.empty(); }
  bool operator==(const Credentials&) const = default;
};

/// "USER[:PASSWORD]", as --creds takes it.
Credentials parse_credentials(std::string_view text);

class CredentialStore {
 public:
  /// @param file  --authfile; empty: config::auth_files(). The first file that has an entry counts;
  ///              written is the first.
  /// @param helpers  of registries.conf; "containers-auth.json" stands for the files
  explicit CredentialStore(std::string file = "", std::vector<std::string> helpers = {});

  /// For a repository "HOST[:PORT]/PATH" or a registry: the entry of the longest name that holds
  /// it.
  /// @throws Error invalid_argument for a damaged file, unavailable when a helper fails
  std::optional<Credentials> find(std::string_view name) const;
  /// Adds or replaces the entry of a registry or repository, with a helper where one is set for it.
  void store(const std::string& name, const Credentials& credentials) const;
  /// @returns whether there was one
  bool erase(const std::string& name) const;
  /// Takes away all entries of the file that is written.
  void clear() const;
  /// The file that is written.
  const std::string& file() const noexcept { return files_.front(); }

 private:
  std::vector<std::string> files_;  ///< the first is written
  std::vector<std::string> helpers_;
};

}  // namespace coracle::registry
