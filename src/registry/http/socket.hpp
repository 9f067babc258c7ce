// SPDX-License-Identifier: Apache-2.0
// A TCP connection whose waiting is bounded and can be cancelled.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "coracle/linux/cancellation.hpp"
#include "coracle/linux/fd.hpp"
#include "registry/http/deadline.hpp"

namespace coracle::registry {

class Socket {
 public:
  /// Tries the host's addresses one after the other, the next when the one before has not answered
  /// within a quarter of a second; the first that answers wins (RFC 8305, "happy eyeballs").
  /// @throws Error unavailable naming host and port, and the last reason
  static Socket connect(const std::string& host, std::uint16_t port,
                        std::chrono::milliseconds patience,
                        const linux::Cancellation& cancellation);
  /// @param path  of a socket in the file system
  static Socket connect_local(const std::string& path, const linux::Cancellation& cancellation);

  int fd() const noexcept { return fd_.get(); }
  /// Whether there is something to read, or the end, without waiting.
  bool is_readable() const noexcept;
  /// Waits until it can be read or written (POLLIN, POLLOUT).
  /// @throws Error unavailable after the time for idleness, or when cancelled
  void wait(short events) const;
  /// At least one byte; 0 at the end.
  std::size_t read_some(void* data, std::size_t size) const;
  std::size_t write_some(const void* data, std::size_t size) const;

  /// How long the peer may be silent.
  void set_patience(std::chrono::milliseconds patience) noexcept { patience_ = patience; }
  /// Until when everything must be done, however busy the peer is; nothing: for ever.
  void set_deadline(std::optional<Deadline> deadline) noexcept { deadline_ = deadline; }

 private:
  Socket(linux::Fd fd, std::string peer, const linux::Cancellation& cancellation)
      : fd_(std::move(fd)), peer_(std::move(peer)), cancellation_(&cancellation) {}

  linux::Fd fd_;
  std::string peer_;  ///< "host:port", for messages
  const linux::Cancellation* cancellation_;
  std::chrono::milliseconds patience_{60'000};
  std::optional<Deadline> deadline_;
};

}  // namespace coracle::registry
