// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/service_manager.hpp"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <span>

#include "coracle/base/scope_exit.hpp"
#include "coracle/linux/unix_socket.hpp"

namespace coracle::linux {
namespace {

struct Address {
  sockaddr_un name{};
  socklen_t size = 0;  ///< 0: none
};

Address parse_address(const std::string& text) noexcept {
  Address address;
  address.name.sun_family = AF_UNIX;
  if (text.size() >= sizeof address.name.sun_path ||
      !(text.starts_with('/') || text.starts_with('@'))) {
    return address;
  }
  ::memcpy(address.name.sun_path, text.data(), text.size());
  if (text.starts_with('@')) address.name.sun_path[0] = '\0';
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size());
  return address;
}

}  // namespace

std::string service_manager() {
  const char* address = ::getenv("NOTIFY_SOCKET");
  return address == nullptr ? "" : address;
}

void notify_service_manager(const std::string& address, std::string_view message,
                            int descriptor) noexcept {
  const Address target = parse_address(address);
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || target.size == 0 ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&target.name), target.size) != 0) {
    return;
  }
  const iovec part{const_cast<char*>(message.data()), message.size()};
  const std::span<const int> descriptors(&descriptor, descriptor < 0 ? 0 : 1);
  (void)send_parts(socket.get(), {&part, 1}, descriptors, MSG_DONTWAIT);
}

Fd receive_notifications(const std::string& path) {
  // Not by a chmod afterwards: what is at the path then may be another's.
  const ScopeExit restore([umask = ::umask(0)] { ::umask(umask); });
  return bind_unix_socket(path, SOCK_DGRAM, 0755);
}

std::optional<std::string> next_notification(int socket) noexcept {
  char text[k_max_notification];
  const ssize_t size = ::recv(socket, text, sizeof text, MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0) return std::nullopt;
  return size > static_cast<ssize_t>(sizeof text) ? std::string() : std::string(text, text + size);
}

}  // namespace coracle::linux
