// SPDX-License-Identifier: Apache-2.0
#include "monitor/control_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "coracle/base/error.hpp"
#include "coracle/linux/unix_socket.hpp"
#include "coracle/monitor/attach.hpp"
#include "monitor/message.hpp"

namespace coracle::monitor {

Listener::Listener(std::string path)
    : path_(std::move(path)), socket_(linux::bind_unix_socket(path_, SOCK_SEQPACKET, 0700)) {
  struct stat info {};
  if (::listen(socket_.get(), SOMAXCONN) != 0 || ::lstat(path_.c_str(), &info) != 0) {
    SysError error("cannot listen on '{}'", path_);
    ::unlink(path_.c_str());
    throw error;
  }
  device_ = info.st_dev;
  inode_ = info.st_ino;
}

Listener::~Listener() {
  withdraw();
}

void Listener::withdraw() noexcept {
  struct stat info {};
  if (::lstat(path_.c_str(), &info) != 0) return;
  if (info.st_dev == device_ && info.st_ino == inode_) ::unlink(path_.c_str());
}

linux::Fd connect(const Address& address) {
  constexpr int k_patience_ms = 10'000;
  if (!linux::is_alive(address.monitor)) return linux::Fd();
  linux::Fd socket = in_context("while asking the container's monitor", [&] {
    return linux::connect_unix_socket(address.control_socket, SOCK_SEQPACKET, k_patience_ms);
  });
  const bool is_meant = socket && linux::peer_of(socket.get()) == address.monitor.pid &&
                        linux::is_alive(address.monitor);
  return is_meant ? std::move(socket) : linux::Fd();
}

void request_start(int channel) {
  Message message;
  message.kind = MessageKind::start;
  if (!send_message(channel, message)) {
    throw Error(ErrorClass::unavailable, "the container's monitor does not answer");
  }
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

namespace {

bool tell(const Address& address, MessageKind kind, int code) {
  const linux::Fd socket = connect(address);
  Message message;
  message.kind = kind;
  message.code = code;
  return socket && send_message(socket.get(), message);
}

}  // namespace

bool request_signal(const Address& address, int signal) {
  return tell(address, signal == 0 ? MessageKind::stop : MessageKind::signal, signal);
}

bool request_reload(const Address& address) {
  return tell(address, MessageKind::reload, 0);
}

bool report_health(const Address& address, HealthVerdict verdict) {
  return tell(address, MessageKind::health, static_cast<int>(verdict));
}

}  // namespace coracle::monitor
