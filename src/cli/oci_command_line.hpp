// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace coracle::cli {

/// The command line of an OCI runtime as ours: `coracle-oci …` is `coracle oci …`, and the options
/// that runc and crun have before the command stand behind it. Others stay as they are.
std::vector<std::string> translate_oci_command_line(std::vector<std::string> argv);
/// Whether a line that was translated is one of the runtime's.
bool is_oci_command_line(const std::vector<std::string>& argv);

}  // namespace coracle::cli
