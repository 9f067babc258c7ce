// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "coracle/network/port.hpp"

namespace coracle::network {

/// Says which port could not be had, why, and what to do.
/// @param code  errno
[[noreturn]] void throw_refused(const PortMapping& mapping, std::uint16_t port, int code);

}  // namespace coracle::network
