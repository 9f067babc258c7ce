// SPDX-License-Identifier: Apache-2.0
#include "monitor/control_socket.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/resolve.hpp"
#include "coracle/monitor/attach.hpp"
#include "monitor/message.hpp"

namespace coracle::monitor {
namespace {

/// A socket's address has room for 107 bytes; the path by way of an open directory is short.
sockaddr_un address_of(int directory, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = linux::proc_path(directory) + "/" + name;
  if (path.size() >= sizeof address.sun_path) {
    throw Error(ErrorClass::internal, "the socket name '{}' is too long", name);
  }
  ::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

linux::Fd bind_at(const std::string& path, int type, mode_t directory_mode) {
  const std::string directory_path = parent_path(path);
  const std::string name = file_name(path);
  linux::ensure_directory(directory_path, directory_mode);
  const linux::Fd directory = linux::open_file(directory_path, O_PATH | O_DIRECTORY);
  linux::Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_of(directory.get(), name);
  ::unlink(path.c_str());
  if (!socket ||
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw SysError("cannot make the socket '{}'", path);
  }
  return socket;
}

}  // namespace

linux::Fd listen_on(const std::string& path) {
  linux::Fd socket = bind_at(path, SOCK_SEQPACKET, 0700);
  if (::listen(socket.get(), 16) != 0) throw SysError("cannot listen on '{}'", path);
  return socket;
}

linux::Fd receive_on(const std::string& path) {
  linux::Fd socket = bind_at(path, SOCK_DGRAM, 0755);
  if (::chmod(path.c_str(), 0666) != 0) throw SysError("cannot change the mode of '{}'", path);
  return socket;
}

linux::Fd connect(const std::string& control_socket) {
  const std::string directory_path = parent_path(control_socket);
  const std::string name = file_name(control_socket);
  const linux::Fd directory = linux::open_if_exists(directory_path, O_PATH | O_DIRECTORY);
  if (!directory) return linux::Fd();
  linux::Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(directory.get(), name);
  if (!socket ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return linux::Fd();
  }
  return socket;
}

std::optional<int> await_exit(int channel) {
  while (true) {
    Packet packet;
    switch (receive_message(channel, packet, true)) {
      case Receive::message:
        if (packet.message.kind == MessageKind::exited) return packet.message.code;
        break;
      case Receive::nothing: break;
      case Receive::closed: return std::nullopt;
    }
  }
}

bool request_signal(const std::string& control_socket, int signal) {
  const linux::Fd socket = connect(control_socket);
  Message message;
  message.kind = signal == 0 ? MessageKind::stop : MessageKind::signal;
  message.code = signal;
  return socket && send_message(socket.get(), message);
}

}  // namespace coracle::monitor
