// SPDX-License-Identifier: Apache-2.0
// What programs tell the service manager that has started them: datagrams of lines "NAME=VALUE" to
// the socket at $NOTIFY_SOCKET (sd_notify(3)).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "coracle/linux/fd.hpp"

namespace coracle::linux {

/// Nothing that sd_notify(3) says is longer, in bytes.
inline constexpr std::size_t k_max_notification = 4096;

/// Where the service manager of this process listens; empty: there is none.
std::string service_manager();

/// Tells the service manager at `address`, "/path" or "@name" of the abstract kind. One that does
/// not listen, or does not read, hears nothing.
/// @param descriptor  goes along; -1: none
void notify_service_manager(const std::string& address, std::string_view message,
                            int descriptor = -1) noexcept;

/// A socket at `path` that any user may send to, in the place of what was there; does not block.
/// Its directory is made.
Fd receive_notifications(const std::string& path);
/// The next message that has come, "" for one that is too long; nothing when there is none.
std::optional<std::string> next_notification(int socket) noexcept;

}  // namespace coracle::linux
