// SPDX-License-Identifier: Apache-2.0
// Platforms in the names of Go (GOOS, GOARCH), as image indexes, `--platform` and the automatic
// build arguments use them (image-spec image-index.md, "Platform Variants").
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coracle::oci {

struct Platform {
  std::string os;            ///< "linux"
  std::string architecture;  ///< "amd64", "arm64", …
  std::string variant;       ///< "v7", "v8"; empty where the architecture has none
  std::string os_version;
  std::vector<std::string> os_features;
  bool operator==(const Platform&) const = default;
};

/// Reads "os[/arch[/variant]]", "arch" alone or "os(version)/arch". What is missing is filled in
/// from the host, and the result is normalised.
/// @throws Error invalid_argument for empty or unreadable text
Platform parse_platform(std::string_view text);
/// The platform of this machine's kernel, normalised. Asked of uname(2) once.
const Platform& host_platform();

/// Go's name for what uname or a user calls it: x86_64 to amd64, aarch64 to arm64, armhf to arm/v7,
/// "macos" to darwin; lower case; drops the variant that the architecture implies (arm64's v8).
Platform normalize(Platform platform);

/// "linux/arm/v7"
std::string to_string(const Platform& platform);
/// uname's name for Go's: amd64 to x86_64. Unknown ones stay as they are.
std::string machine_name(std::string_view go_architecture);

/// Whether a machine that wants `wanted` can take an image built for `offered`: same system and
/// architecture, and a variant that is the same or an older one of the line (an arm/v7 machine runs
/// v6 and v5; an arm64 one takes no 32 bit arm). Where `wanted` has
/// none, a newer variant than the base line is taken too, as the last choice.
bool matches(const Platform& wanted, const Platform& offered);
/// How well it matches: 0 is not at all, higher is better (the nearest variant, then an exact
/// os.version). For choosing among the entries of an index.
int match_score(const Platform& wanted, const Platform& offered);

}  // namespace coracle::oci
