// SPDX-License-Identifier: Apache-2.0
// POSIX access control lists, from the text that tar files hold to what the kernel takes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coracle::archive {

inline constexpr const char* k_access_acl = "system.posix_acl_access";
inline constexpr const char* k_default_acl = "system.posix_acl_default";

/// acl(5)'s text form, entries parted by commas or line ends, as GNU tar, star and bsdtar write it,
/// into the value of the attribute. User and group names count only when a number stands with them:
/// whom a name means is the image's own affair.
/// @returns nothing for malformed text and for names without number
std::optional<std::string> encode_acl(std::string_view text);

}  // namespace coracle::archive
