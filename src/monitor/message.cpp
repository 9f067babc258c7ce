// SPDX-License-Identifier: Apache-2.0
#include "monitor/message.hpp"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <vector>

#include "coracle/base/strings.hpp"

namespace coracle::monitor {
namespace {

union Control {
  cmsghdr header;
  char space[CMSG_SPACE(k_max_descriptors * sizeof(int))];
};

bool send_packet(int socket, const msghdr& envelope, std::size_t size) noexcept {
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &envelope, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(size);
}

/// Takes over what came along, wherever the message itself turns out to be of no use.
void take_descriptors(msghdr& envelope, Packet& packet) noexcept {
  std::size_t next = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&envelope); header != nullptr;
       header = CMSG_NXTHDR(&envelope, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      ::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      linux::Fd owner(fd);
      if (next < packet.descriptors.size()) packet.descriptors[next++] = std::move(owner);
    }
  }
}

}  // namespace

bool send_message(int socket, const Message& message, const int* descriptors,
                  std::size_t count) noexcept {
  iovec part{const_cast<Message*>(&message), sizeof message};
  msghdr envelope{};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  Control control{};
  if (count > 0) {
    envelope.msg_control = &control;
    envelope.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&envelope);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    ::memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
  }
  return send_packet(socket, envelope, sizeof message);
}

Receive receive_message(int socket, Packet& packet, bool wait) noexcept {
  iovec part{&packet.message, sizeof packet.message};
  msghdr envelope{};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  Control control{};
  envelope.msg_control = &control;
  envelope.msg_controllen = sizeof control;
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &envelope, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  } while (got < 0 && errno == EINTR);
  if (got < 0) return errno == EAGAIN ? Receive::nothing : Receive::closed;
  take_descriptors(envelope, packet);
  return got == static_cast<ssize_t>(sizeof packet.message) ? Receive::message : Receive::closed;
}

void send_failure(int socket, const Error& error) noexcept {
  try {
    Message message;
    message.kind = MessageKind::failed;
    std::string text = serialize_error(error);
    iovec parts[2] = {{&message, sizeof message}, {text.data(), text.size()}};
    msghdr envelope{};
    envelope.msg_iov = parts;
    envelope.msg_iovlen = 2;
    send_packet(socket, envelope, sizeof message + text.size());
  } catch (...) {
    // The other side sees the socket closed and says so.
  }
}

void receive_start(int socket) {
  Message message;
  std::string text(k_error_text_size, '\0');
  while (true) {
    iovec parts[2] = {{&message, sizeof message}, {text.data(), text.size()}};
    msghdr envelope{};
    envelope.msg_iov = parts;
    envelope.msg_iovlen = 2;
    const ssize_t got = ::recvmsg(socket, &envelope, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    if (got < static_cast<ssize_t>(sizeof message)) {
      throw Error(ErrorClass::internal, "the container's monitor died during the start");
    }
    if (message.kind == MessageKind::started) return;
    if (message.kind != MessageKind::failed) continue;
    throw parse_error(
        std::string_view(text).substr(0, static_cast<std::size_t>(got) - sizeof message));
  }
}

}  // namespace coracle::monitor
