// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coracle::cli {

/// The group of commands that are an OCI runtime's.
inline constexpr std::string_view k_oci_path = "oci";

/// `coracle-oci …` is `coracle oci …`. Other command lines stay as they are.
std::vector<std::string> name_oci_group(std::vector<std::string> argv);
/// What follows the name of the group: the options that runc and crun have before the command stand
/// behind it.
std::vector<std::string> put_oci_command_first(const std::vector<std::string>& words);

}  // namespace coracle::cli
