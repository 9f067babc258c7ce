// SPDX-License-Identifier: Apache-2.0
#include "monitor/message.hpp"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

namespace coracle::monitor {
namespace {

union Control {
  cmsghdr header;
  char space[CMSG_SPACE(3 * sizeof(int))];
};

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
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &envelope, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof message);
}

Receive receive_message(int socket, Packet& packet, bool wait) {
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
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Receive::nothing;
  const cmsghdr* header = got >= 0 ? CMSG_FIRSTHDR(&envelope) : nullptr;
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int descriptors[3] = {-1, -1, -1};
    const std::size_t size = std::min<std::size_t>(header->cmsg_len - CMSG_LEN(0), sizeof descriptors);
    ::memcpy(descriptors, CMSG_DATA(header), size);
    for (std::size_t i = 0; i < size / sizeof(int); ++i) packet.descriptors[i].reset(descriptors[i]);
  }
  if (got != static_cast<ssize_t>(sizeof packet.message)) return Receive::closed;
  packet.message.text[sizeof packet.message.text - 1] = '\0';
  return Receive::message;
}

Message failure_message(const Error& error) {
  Message message;
  message.kind = MessageKind::failed;
  message.error_class = error.error_class();
  message.code = error.exit_code();
  const std::string text = error.describe();
  const std::size_t text_size = std::min(text.size(), sizeof message.text - 512);
  ::memcpy(message.text, text.data(), text_size);
  const std::size_t hint_size = std::min<std::size_t>(error.hint().size(), 500);
  ::memcpy(message.text + text_size + 1, error.hint().data(), hint_size);
  return message;
}

void throw_failure(const Message& message) {
  Error error(message.error_class, std::string(message.text));
  error.set_exit_code(message.code);
  const std::size_t size = ::strlen(message.text);
  if (size + 1 < sizeof message.text) error.set_hint(std::string(message.text + size + 1));
  throw error;
}

}  // namespace coracle::monitor
