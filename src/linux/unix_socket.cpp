// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/unix_socket.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/resolve.hpp"

namespace coracle::linux {
namespace {

/// A socket's address has room for 107 bytes; the path by way of an open directory is short.
sockaddr_un address_of(int directory, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = proc_path(directory) + "/" + name;
  if (path.size() >= sizeof address.sun_path) {
    throw Error(ErrorClass::internal, "the socket name '{}' is too long", name);
  }
  ::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

/// Room for one descriptor.
union Control {
  cmsghdr header;
  char space[CMSG_SPACE(sizeof(int))];
};

}  // namespace

Fd bind_unix_socket(const std::string& path, int type, mode_t directory_mode) {
  const std::string directory_path = parent_path(path);
  const std::string name = file_name(path);
  ensure_directory(directory_path, directory_mode);
  const Fd directory = open_file(directory_path, O_PATH | O_DIRECTORY);
  Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_of(directory.get(), name);
  ::unlink(path.c_str());
  if (!socket ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw SysError("cannot make the socket '{}'", path);
  }
  return socket;
}

Fd connect_unix_socket(const std::string& path, int type) {
  const std::string directory_path = parent_path(path);
  const std::string name = file_name(path);
  const Fd directory = open_if_exists(directory_path, O_PATH | O_DIRECTORY);
  if (!directory) return Fd();
  Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(directory.get(), name);
  if (!socket ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Fd();
  }
  return socket;
}

bool send_packet(int socket, std::string_view text, int descriptor) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr envelope{};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  Control control{};
  if (descriptor >= 0) {
    envelope.msg_control = &control;
    envelope.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&envelope);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    ::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &envelope, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(text.size());
}

std::optional<Packet> receive_packet(int socket, std::size_t limit) {
  Packet packet;
  packet.text.resize(limit);
  iovec part{packet.text.data(), packet.text.size()};
  Control control{};
  msghdr envelope{};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  envelope.msg_control = &control;
  envelope.msg_controllen = sizeof control;
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &envelope, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return std::nullopt;
  const cmsghdr* header = CMSG_FIRSTHDR(&envelope);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len >= CMSG_LEN(sizeof(int))) {
    int descriptor = -1;
    ::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    packet.descriptor.reset(descriptor);
  }
  if ((envelope.msg_flags & MSG_TRUNC) != 0) return std::nullopt;
  packet.text.resize(static_cast<std::size_t>(got));
  return packet;
}

}  // namespace coracle::linux
