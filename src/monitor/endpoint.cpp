// SPDX-License-Identifier: Apache-2.0
#include "monitor/endpoint.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace coracle::monitor {
namespace {

/// All that a pipe of the largest size holds.
constexpr std::size_t k_splice_size = 1 << 20;

/// Sizes of a pipe, in bytes: as it is made, and for bulk.
constexpr int k_usual_pipe = 64 << 10;
constexpr int k_large_pipe = 256 << 10;

}  // namespace

bool is_ready(int fd, short events) noexcept {
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, 0) > 0;
}

bool would_block() noexcept {
  return errno == EAGAIN || errno == EINTR;
}

Endpoint::Endpoint(linux::Fd fd) noexcept : fd_(std::move(fd)) {
  struct stat info {};
  if (!fd_ || ::fstat(fd_.get(), &info) != 0) return;
  if (S_ISFIFO(info.st_mode)) {
    kind_ = Kind::pipe;
  } else if (S_ISSOCK(info.st_mode)) {
    kind_ = Kind::socket;
  } else if (S_ISCHR(info.st_mode) && ::isatty(fd_.get()) != 0) {
    kind_ = Kind::terminal;
  }
  const bool waits = kind_ == Kind::pipe || kind_ == Kind::terminal;
  may_block_ = waits && (::fcntl(fd_.get(), F_GETFL) & O_NONBLOCK) == 0;
}

ssize_t Endpoint::read(char* data, std::size_t size) const noexcept {
  if (kind_ == Kind::socket) return ::recv(fd_.get(), data, size, MSG_DONTWAIT);
  return ::read(fd_.get(), data, size);
}

ssize_t Endpoint::write(const char* data, std::size_t size) const noexcept {
  if (kind_ == Kind::socket) return ::send(fd_.get(), data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return ::write(fd_.get(), data, size);
}

ssize_t Endpoint::splice_to(const Endpoint& target) const noexcept {
  const auto fits = [](Kind kind) { return kind == Kind::pipe || kind == Kind::file; };
  if (!fits(kind_) || !fits(target.kind_)) {
    errno = EINVAL;
    return -1;
  }
  return ::splice(fd_.get(), nullptr, target.fd_.get(), nullptr, k_splice_size,
                  SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

void Endpoint::resize(bool large) noexcept {
  if (kind_ != Kind::pipe || is_large_ == large) return;
  // Over budget, or not empty enough to shrink: then it stays as it is.
  ::fcntl(fd_.get(), F_SETPIPE_SZ, large ? k_large_pipe : k_usual_pipe);
  is_large_ = large;
}

}  // namespace coracle::monitor
