// SPDX-License-Identifier: Apache-2.0
// Programs that keep passwords: docker-credential-NAME (docker's credential helper protocol).
#pragma once

#include <optional>
#include <string>

#include "coracle/registry/credentials.hpp"

namespace coracle::registry {

/// @param helper  NAME
/// @param server  the key, "registry.example" or "https://index.docker.io/v1/"
/// @returns nothing when it has none for the server
/// @throws Error unavailable with the helper's words
std::optional<Credentials> get_from_helper(const std::string& helper, const std::string& server);
void store_with_helper(const std::string& helper, const std::string& server,
                       const Credentials& credentials);
void erase_with_helper(const std::string& helper, const std::string& server);

}  // namespace coracle::registry
