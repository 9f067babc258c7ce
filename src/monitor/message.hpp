// SPDX-License-Identifier: Apache-2.0
// What monitor and clients say to each other: one fixed-size message a packet (SOCK_SEQPACKET).
#pragma once

#include <array>
#include <cstdint>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::monitor {

enum class MessageKind : std::uint8_t {
  hello,    ///< client: attach; the descriptors named by `flags` come along
  resize,   ///< client: rows and columns of its terminal
  signal,   ///< client: send `code` to the container
  started,  ///< monitor: the container runs
  failed,   ///< monitor: it does not; `text` holds message and hint, `code` the exit code
  exited,   ///< monitor: it ended with `code`
};

inline constexpr std::uint8_t k_has_input = 1;
inline constexpr std::uint8_t k_has_output = 2;
inline constexpr std::uint8_t k_has_error = 4;

struct Message {
  MessageKind kind = MessageKind::hello;
  std::uint8_t flags = 0;
  ErrorClass error_class = ErrorClass::internal;
  std::int32_t code = 0;
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
  char text[2048] = {};  ///< message, zero byte, hint
};

/// A message with the descriptors that came with it.
struct Packet {
  Message message;
  std::array<linux::Fd, 3> descriptors;
};

/// Never blocks and never raises SIGPIPE; false when the other side is gone or does not read.
bool send_message(int socket, const Message& message, const int* descriptors = nullptr,
                  std::size_t count = 0) noexcept;
enum class Receive { message, nothing, closed };
Receive receive_message(int socket, Packet& packet, bool wait);

Message failure_message(const Error& error);
[[noreturn]] void throw_failure(const Message& message);

}  // namespace coracle::monitor
