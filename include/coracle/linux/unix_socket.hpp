// SPDX-License-Identifier: Apache-2.0
// Sockets with a path (unix(7)), however long that is, and what goes through them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "coracle/linux/fd.hpp"

namespace coracle::linux {

/// A socket at `path` in the place of what was there; does not block. Its directory is made.
/// @param type            SOCK_SEQPACKET, SOCK_DGRAM, …
/// @param directory_mode  of a directory that is not there yet
Fd bind_unix_socket(const std::string& path, int type, mode_t directory_mode);
/// An invalid descriptor if nobody listens.
Fd connect_unix_socket(const std::string& path, int type);

/// A packet of a SOCK_SEQPACKET socket, and the descriptor that came along.
struct Packet {
  std::string text;
  Fd descriptor;
};
/// @param descriptor  goes along; -1: none
/// @returns false when the other side is gone
bool send_packet(int socket, std::string_view text, int descriptor = -1);
/// Nothing when the other side is gone.
/// @param limit  a longer packet counts as the end
std::optional<Packet> receive_packet(int socket, std::size_t limit);

}  // namespace coracle::linux
