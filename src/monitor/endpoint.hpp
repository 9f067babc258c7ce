// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "coracle/linux/fd.hpp"

namespace coracle::monitor {

/// Whether something is there to be read, or room to be written, at once.
bool is_ready(int fd, short events) noexcept;
/// Whether the last call failed only because it would have had to wait.
bool would_block() noexcept;

/// One end of a stream, which is never waited for. Pipes and terminals have O_NONBLOCK; sockets may
/// share their flags with somebody else's, so each call says it for itself; other files do not
/// block.
class Endpoint {
 public:
  Endpoint() noexcept = default;
  explicit Endpoint(linux::Fd fd) noexcept;

  int fd() const noexcept { return fd_.get(); }
  bool valid() const noexcept { return fd_.valid(); }
  explicit operator bool() const noexcept { return valid(); }
  void reset() noexcept { fd_.reset(); }
  /// A pipe or terminal with a blocking description could stop us for ever.
  bool may_block() const noexcept { return may_block_; }
  bool is_pipe() const noexcept { return kind_ == Kind::pipe; }
  bool is_terminal() const noexcept { return kind_ == Kind::terminal; }

  /// As read(2) and write(2).
  ssize_t read(char* data, std::size_t size) const noexcept;
  ssize_t write(const char* data, std::size_t size) const noexcept;
  /// Moves bytes without copying them through this process; one of the two is a pipe.
  /// @returns as splice(2); -1 with EINVAL where that is not possible
  ssize_t splice_to(const Endpoint& target) const noexcept;

  /// Gives a pipe that carries much a larger buffer, which halves the time. All pipes of a user
  /// share a budget (pipe-user-pages-soft, pipe(7)): so only while it serves.
  void enlarge() noexcept { resize(true); }
  void shrink() noexcept { resize(false); }

 private:
  enum class Kind : std::uint8_t { pipe, socket, terminal, file };

  void resize(bool large) noexcept;

  linux::Fd fd_;
  Kind kind_ = Kind::file;
  bool may_block_ = false;
  bool is_large_ = false;
};

}  // namespace coracle::monitor
