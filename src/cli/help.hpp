// SPDX-License-Identifier: Apache-2.0
// --help, in podman's layout.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace coracle::cli {

std::string help_of_command(Command& command);
/// @param group  nullptr for the program itself
std::string help_of_group(CommandTable table, const CommandRow* group);

}  // namespace coracle::cli
