// SPDX-License-Identifier: Apache-2.0
// Who the user is to registries, and what these have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coracle/engine/transfers.hpp"

namespace coracle::engine {

/// The registry that is meant when none is named: the first of registries.conf, or docker.io.
std::string default_registry();
/// "https://host/" as "host"; a repository of a registry stays one.
std::string registry_name(const std::string& text);

struct LoginRequest {
  std::string registry;  ///< HOST[:PORT][/PATH]
  std::string user;
  std::string password;
  RegistryOptions options;
};
/// Tries the credentials and keeps them.
/// @returns the file that tells where they are
/// @throws Error permission_denied when the registry does not know them; nothing is kept then
std::string login(const LoginRequest& request, const linux::Cancellation& cancellation);
/// The user that is logged in there; nothing for none.
std::optional<std::string> logged_in_user(const std::string& registry,
                                          const RegistryOptions& options);
/// Whether the kept credentials are still good.
bool verify_login(const std::string& registry, const RegistryOptions& options,
                  const linux::Cancellation& cancellation);
/// @throws Error not_found in podman's words when there is nothing to forget
void logout(const std::string& registry, const RegistryOptions& options);
void logout_everywhere(const RegistryOptions& options);

struct FoundImage {
  std::string index;
  std::string name;
  std::string description;
  std::int64_t stars = 0;
  bool official = false;
  bool automated = false;
  std::string tag;
};
struct SearchRequest {
  std::string term;  ///< [REGISTRY/]TERM
  std::int64_t limit = 25;
  bool list_tags = false;
  RegistryOptions options;
};
/// @throws Error when no registry could be asked
std::vector<FoundImage> search_registries(const SearchRequest& request,
                                          const linux::Cancellation& cancellation);

}  // namespace coracle::engine
