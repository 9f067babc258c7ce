// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "coracle/linux/fd.hpp"

namespace coracle::monitor {

/// A listening SOCK_SEQPACKET socket at `path`, in the place of what was there. Its directory is
/// made.
linux::Fd listen_on(const std::string& path);

/// A SOCK_DGRAM socket at `path` that any user may send to, likewise.
linux::Fd receive_on(const std::string& path);

}  // namespace coracle::monitor
