// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace coracle::oci {

/// The text as a message may show it: at most 160 bytes, control characters as "\x1b", so that a
/// hostile name can neither flood nor steer a terminal.
std::string printable(std::string_view text);

}  // namespace coracle::oci
