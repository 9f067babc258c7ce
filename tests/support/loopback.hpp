// SPDX-License-Identifier: Apache-2.0
// A port of 127.0.0.1 for a test's server.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstdint>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::test {

class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(fd_.get(), 8) != 0 ||
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw SysError("cannot listen on the loopback interface");
    }
    port_ = ntohs(address.sin_port);
  }
  std::uint16_t port() const noexcept { return port_; }
  int fd() const noexcept { return fd_.get(); }
  linux::Fd accept() const {
    return linux::Fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  /// From now on connections are refused.
  void close() { fd_.reset(); }

 private:
  linux::Fd fd_;
  std::uint16_t port_ = 0;
};

}  // namespace coracle::test
