// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "cli/command.hpp"

namespace coracle::cli {

/// Prints the warning and reads from standard input whether to go on, as podman does: scripts may
/// answer through a pipe.
/// @throws Error invalid_argument when nobody answers
bool ask_consent(CommandContext& context, std::string_view warning);

}  // namespace coracle::cli
