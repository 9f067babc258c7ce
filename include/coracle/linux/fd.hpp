// SPDX-License-Identifier: Apache-2.0
// File descriptors: one owner each, close-on-exec always.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace coracle::linux {

/// Owns one descriptor; closes it once and keeps errno as it was.
class Fd {
 public:
  Fd() noexcept = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }

  int get() const noexcept { return fd_; }
  bool valid() const noexcept { return fd_ >= 0; }
  explicit operator bool() const noexcept { return valid(); }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;
};

/// pipe2(2) with O_CLOEXEC.
Pipe make_pipe();
struct SocketPair {
  Fd first;
  Fd second;
};
/// socketpair(2), AF_UNIX; `type` is SOCK_STREAM or SOCK_SEQPACKET.
SocketPair make_socketpair(int type);
/// A duplicate, close-on-exec.
Fd duplicate(int fd);

/// open(2) / openat(2) with O_CLOEXEC added. Throws SysError naming the path.
Fd open_file(const std::string& path, int flags, mode_t mode = 0);
Fd open_at(int directory, const std::string& path, int flags, mode_t mode = 0);
/// The same, but an invalid Fd with errno set when it fails.
Fd try_open_at(int directory, const std::string& path, int flags, mode_t mode = 0) noexcept;
/// An invalid Fd if the file does not exist; other failures throw.
Fd open_if_exists(const std::string& path, int flags);

/// Reads until end of file. `limit` bounds what a hostile file can make us hold, in bytes.
std::string read_all(int fd, std::size_t limit = 64U << 20);
/// Writes everything, across short writes and EINTR. `what` names the file in the error.
void write_all(int fd, std::string_view data, std::string_view what);
/// Waits until `fd` is readable or hung up. False after `timeout_ms` (-1: no limit).
bool wait_readable(int fd, int timeout_ms);

}  // namespace coracle::linux
