// SPDX-License-Identifier: Apache-2.0
// The terminals of the reference grammar (distribution's reference/regexp.go), by hand: each is
// decided in one pass, without backtracking.
#pragma once

#include <string_view>

namespace coracle::oci::grammar {

/// [a-z0-9]+ joined by ".", "_", "__" or dashes; components joined by "/".
bool is_path(std::string_view text) noexcept;
/// Host name, IPv4 or "[IPv6]", optionally ":port".
bool is_domain(std::string_view text) noexcept;
bool is_tag(std::string_view text) noexcept;
/// [a-f0-9]{64}: looks like an image id.
bool is_identifier(std::string_view text) noexcept;
/// Whether docker takes the first component of a name for a registry.
bool looks_like_domain(std::string_view component) noexcept;

}  // namespace coracle::oci::grammar
