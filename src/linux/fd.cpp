// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/fd.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "coracle/base/error.hpp"

namespace coracle::linux {

void Fd::reset(int fd) noexcept {
  if (fd_ >= 0) {
    const int saved = errno;
    ::close(fd_);
    errno = saved;
  }
  fd_ = fd;
}

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw SysError("cannot create a pipe");
  return {Fd(fds[0]), Fd(fds[1])};
}

SocketPair make_socketpair(int type) {
  int fds[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0) {
    throw SysError("cannot create a socket pair");
  }
  return {Fd(fds[0]), Fd(fds[1])};
}

Fd duplicate(int fd) {
  Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy) throw SysError("cannot duplicate descriptor {}", fd);
  return copy;
}

Fd open_file(const std::string& path, int flags, mode_t mode) {
  return open_at(AT_FDCWD, path, flags, mode);
}

Fd open_at(int directory, const std::string& path, int flags, mode_t mode) {
  Fd fd = try_open_at(directory, path, flags, mode);
  if (!fd) throw SysError("cannot open '{}'", path);
  return fd;
}

Fd try_open_at(int directory, const std::string& path, int flags, mode_t mode) noexcept {
  return Fd(::openat(directory, path.c_str(), flags | O_CLOEXEC, mode));
}

Fd open_if_exists(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd && errno != ENOENT && errno != ENOTDIR) throw SysError("cannot open '{}'", path);
  return fd;
}

std::string read_all(int fd, std::size_t limit) {
  std::string content;
  std::size_t used = 0;
  while (true) {
    if (used == content.size()) content.resize(std::max<std::size_t>(4096, content.size() * 2));
    const ssize_t got = ::read(fd, content.data() + used, content.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SysError("cannot read from descriptor {}", fd);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > limit) {
      throw Error(ErrorClass::invalid_argument, "more than {} bytes of input", limit);
    }
  }
  content.resize(used);
  return content;
}

void write_all(int fd, std::string_view data, std::string_view what) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SysError("cannot write '{}'", what);
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool wait_readable(int fd, int timeout_ms) {
  pollfd entry{fd, POLLIN, 0};
  while (true) {
    const int ready = ::poll(&entry, 1, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) throw SysError("cannot poll descriptor {}", fd);
    return ready > 0;
  }
}

}  // namespace coracle::linux
