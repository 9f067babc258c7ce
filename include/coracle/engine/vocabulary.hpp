// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace coracle::engine {

/// The number of a signal by name ("TERM", "SIGTERM", "sigterm", "RTMIN+1") or number.
/// @throws Error invalid_argument
int parse_signal(std::string_view text);
/// "SIGTERM"
std::string signal_name(int number);
/// Throws podman's error for a container name that is not [a-zA-Z0-9][a-zA-Z0-9_.-]*.
void require_valid_name(std::string_view name);

}  // namespace coracle::engine
