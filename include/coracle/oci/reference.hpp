// SPDX-License-Identifier: Apache-2.0
// Image names after the grammar of the distribution project (reference/reference.go and
// normalize.go), which docker, podman and every registry share:
//
//   reference := [domain "/"] path-component *("/" path-component) [":" tag] ["@" digest]
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coracle/base/digest.hpp"

namespace coracle::oci {

inline constexpr std::size_t k_max_name_length = 255;  ///< domain and path together
inline constexpr std::size_t k_max_tag_length = 128;
inline constexpr std::string_view k_default_tag = "latest";
inline constexpr std::string_view k_docker_domain = "docker.io";
/// Where podman files images that were built or tagged under a short name.
inline constexpr std::string_view k_localhost_domain = "localhost";

struct Reference {
  std::string domain;  ///< "docker.io", "localhost:5000"; empty for a short name
  std::string path;    ///< "library/debian"
  std::string tag;     ///< empty when the reference has none
  Digest digest;       ///< empty when the reference has none

  /// "domain/path" without tag and digest.
  std::string name() const;
  /// All of it: "domain/path:tag@digest".
  std::string str() const;
  /// "domain/path:tag", or "domain/path@digest" where there is no tag.
  std::string name_and_tag() const;
  /// As docker shows it: without "docker.io/" and "library/".
  std::string familiar() const;
  std::string familiar_name() const;

  bool has_tag() const noexcept { return !tag.empty(); }
  bool has_digest() const noexcept { return !digest.empty(); }
  /// Neither tag nor digest.
  bool is_name_only() const noexcept { return tag.empty() && digest.empty(); }
  /// The first component names a registry.
  bool has_domain() const noexcept { return !domain.empty(); }
  /// The same with "latest" where there is neither tag nor digest.
  Reference with_default_tag() const;

  auto operator<=>(const Reference&) const = default;
};

/// Reads a reference as the grammar has it and adds nothing. Whether the first component is a
/// registry is decided as docker does: it holds a dot or a colon, is "localhost", or has an upper
/// case letter. Sixty-four hexadecimal digits are taken for an image id and refused as a name.
/// @throws Error invalid_argument: "invalid reference format", "invalid reference format:
///         repository name must be lowercase", …, with the name in quotes
Reference parse_reference(std::string_view text);

/// How a name without a registry is completed.
enum class ShortNames {
  docker,     ///< "debian" is docker.io/library/debian, "me/app" is docker.io/me/app
  localhost,  ///< "debian" is localhost/debian: what podman gives to images made here
};

/// parse_reference, then completes the domain; no tag is added. "index.docker.io" becomes
/// "docker.io", and a single component there gets "library/".
/// @throws Error invalid_argument as parse_reference does
Reference parse_normalized(std::string_view text, ShortNames short_names = ShortNames::docker);

/// A whole tag: a letter, digit or "_", then up to 127 of these, "." and "-".
bool is_valid_tag(std::string_view tag) noexcept;
/// A whole repository name with or without registry, as parse_reference takes it.
bool is_valid_repository(std::string_view name) noexcept;
/// A registry: host name, IPv4 or "[IPv6]", with an optional port.
bool is_valid_domain(std::string_view domain) noexcept;

}  // namespace coracle::oci
