// SPDX-License-Identifier: Apache-2.0
// Where images are fetched from: registries.conf in its version 2 (containers-registries.conf(5)).
// Names are text here, "HOST[:PORT]/PATH", without tag and digest.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::config {

/// A place that may hold what another one has.
struct Mirror {
  enum class PullFrom { all, digest_only, tag_only };
  std::string location;
  bool insecure = false;
  PullFrom pull_from = PullFrom::all;
};

/// A [[registry]] table.
struct RegistryTable {
  std::string prefix;     ///< of the names it is for; "*.example.org" is for all hosts below that
  std::string location;   ///< what takes the place of the prefix; "" leaves names as they are
  bool insecure = false;  ///< plain HTTP and unverified certificates are put up with
  bool blocked = false;
  bool mirror_by_digest_only = false;
  std::vector<Mirror> mirrors;
};

/// What becomes of a short name that could mean several images.
enum class ShortNameMode {
  enforcing,   ///< the user is asked; without a terminal it is an error
  permissive,  ///< the user is asked; without a terminal all are tried
  disabled,    ///< all are tried, in order
};

/// A place to ask for an image.
struct PullSource {
  std::string name;
  bool insecure = false;
  bool is_mirror = false;
  bool operator==(const PullSource&) const = default;
};

struct Registries {
  std::vector<std::string> unqualified_search;
  ShortNameMode short_name_mode = ShortNameMode::permissive;
  std::vector<std::string> credential_helpers;  ///< "containers-auth.json", "secretservice", …
  std::map<std::string, std::string> aliases;   ///< short name to full name
  std::vector<RegistryTable> tables;

  /// The table with the longest prefix that fits; nullptr if there is none.
  const RegistryTable* find(std::string_view name) const;
  /// Where to ask for a full name, in order: mirrors first.
  /// @param by_digest  whether the image is asked for by its digest
  /// @throws Error permission_denied when the registry is blocked
  std::vector<PullSource> sources_of(const std::string& name, bool by_digest) const;
  bool is_insecure(const std::string& name) const;
};

/// Reads $CONTAINERS_REGISTRIES_CONF, or the user's registries.conf, or
/// /etc/containers/registries.conf, then the registries.conf.d beside both, and the aliases that
/// podman has recorded for this user. What comes later counts more.
/// @throws Error invalid_argument naming file, line and key
Registries load_registries();

/// Where credentials are kept, in the order in which they are looked for: $REGISTRY_AUTH_FILE
/// alone, or $XDG_RUNTIME_DIR/containers/auth.json, the user's containers/auth.json, docker's
/// config.json.
std::vector<std::string> auth_files();

/// One file on top of `registries`.
void apply_registries(const std::string& text, const std::string& file, Registries& registries);

}  // namespace coracle::config
