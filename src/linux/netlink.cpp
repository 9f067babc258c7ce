// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/netlink.hpp"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstring>
#include <string>

#include "coracle/base/error.hpp"

namespace coracle::linux {
namespace {

constexpr std::size_t align(std::size_t size) noexcept {
  return NLMSG_ALIGN(size);
}
constexpr std::size_t k_receive_size = 64U << 10;
/// The kernel answers at once; this bounds a wait for an answer that never comes.
constexpr timeval k_patience{10, 0};

template <typename Value>
Value read_as(std::span<const std::uint8_t> bytes) noexcept {
  Value value{};
  if (bytes.size() >= sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

NetlinkMessage::NetlinkMessage(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  append(&header, sizeof header);
}

NetlinkMessage& NetlinkMessage::append(const void* data, std::size_t size) {
  const std::size_t start = bytes_.size();
  bytes_.resize(start + align(size));
  if (size > 0) std::memcpy(bytes_.data() + start, data, size);
  return *this;
}

NetlinkMessage& NetlinkMessage::add_bytes(std::uint16_t attribute, const void* data,
                                          std::size_t size) {
  nlattr head{};
  head.nla_len = static_cast<std::uint16_t>(sizeof head + size);
  head.nla_type = attribute;
  append(&head, sizeof head);
  return append(data, size);
}

NetlinkMessage& NetlinkMessage::add_text(std::uint16_t attribute, std::string_view text) {
  const std::string terminated(text);
  return add_bytes(attribute, terminated.c_str(), terminated.size() + 1);
}

NetlinkMessage& NetlinkMessage::add_big(std::uint16_t attribute, std::uint32_t number) {
  return add(attribute, htonl(number));
}

std::size_t NetlinkMessage::begin_nest(std::uint16_t attribute) {
  const std::size_t start = bytes_.size();
  add_bytes(static_cast<std::uint16_t>(attribute | NLA_F_NESTED), nullptr, 0);
  return start;
}

void NetlinkMessage::end_nest(std::size_t start) {
  const std::size_t length = bytes_.size() - start;
  if (length > UINT16_MAX) throw Error(ErrorClass::internal, "a netlink attribute is too long");
  const auto written = static_cast<std::uint16_t>(length);
  std::memcpy(bytes_.data() + start, &written, sizeof written);
}

std::span<const std::uint8_t> NetlinkMessage::finish(std::uint32_t sequence) {
  auto head = read_as<nlmsghdr>(bytes_);
  head.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
  head.nlmsg_seq = sequence;
  std::memcpy(bytes_.data(), &head, sizeof head);
  return bytes_;
}

void NetlinkMessage::request_acknowledgement() noexcept {
  auto head = read_as<nlmsghdr>(bytes_);
  head.nlmsg_flags |= NLM_F_ACK;
  std::memcpy(bytes_.data(), &head, sizeof head);
}

std::uint16_t NetlinkMessage::flags() const noexcept {
  return read_as<nlmsghdr>(bytes_).nlmsg_flags;
}

NetlinkAttributes::NetlinkAttributes(std::span<const std::uint8_t> bytes) {
  while (bytes.size() >= sizeof(nlattr)) {
    const auto head = read_as<nlattr>(bytes);
    if (head.nla_len < sizeof head || head.nla_len > bytes.size()) return;
    attributes_.push_back({static_cast<std::uint16_t>(head.nla_type & NLA_TYPE_MASK),
                           bytes.subspan(sizeof head, head.nla_len - sizeof head)});
    bytes = bytes.subspan(std::min(bytes.size(), align(head.nla_len)));
  }
}

std::span<const std::uint8_t> NetlinkAttributes::bytes(std::uint16_t type) const noexcept {
  for (auto entry = attributes_.rbegin(); entry != attributes_.rend(); ++entry) {
    if (entry->type == type) return entry->value;
  }
  return {};
}

bool NetlinkAttributes::has(std::uint16_t type) const noexcept {
  for (const auto& entry : attributes_) {
    if (entry.type == type) return true;
  }
  return false;
}

std::string_view NetlinkAttributes::text(std::uint16_t type) const noexcept {
  const auto value = bytes(type);
  if (value.empty()) return {};
  const auto* start = reinterpret_cast<const char*>(value.data());
  return {start, ::strnlen(start, value.size())};
}

std::uint32_t NetlinkAttributes::number(std::uint16_t type) const noexcept {
  const auto value = bytes(type);
  switch (value.size()) {
    case 1: return value[0];
    case 2: return read_as<std::uint16_t>(value);
    case 4: return read_as<std::uint32_t>(value);
    default: return 0;
  }
}

NetlinkAttributes NetlinkAnswer::attributes(std::size_t header_size) const {
  return NetlinkAttributes(payload.subspan(std::min(payload.size(), align(header_size))));
}

NetlinkSocket::NetlinkSocket(int protocol, std::uint32_t groups)
    : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
  if (!socket_) throw SysError("cannot talk to the kernel's network configuration");
  const int on = 1;
  ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(socket_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &k_patience, sizeof k_patience);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw SysError("cannot bind a netlink socket");
  }
}

namespace {

/// Reads one datagram. 0: the other side is silent (only with MSG_DONTWAIT).
std::size_t receive(int socket, std::vector<std::uint8_t>& buffer, int flags) {
  for (;;) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), flags);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EINTR) continue;
    if (errno == EAGAIN && (flags & MSG_DONTWAIT) != 0) return 0;
    throw SysError("cannot hear from the kernel's network configuration");
  }
}

/// Hands the messages of a datagram to `sink`, until it returns false.
template <typename Sink>
void for_each_message(std::span<const std::uint8_t> datagram, Sink&& sink) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto head = read_as<nlmsghdr>(datagram);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > datagram.size()) return;
    if (!sink(head, datagram.subspan(sizeof head, head.nlmsg_len - sizeof head))) return;
    datagram = datagram.subspan(std::min(datagram.size(), align(head.nlmsg_len)));
  }
}

/// The kernel's words of an acknowledgement (NLMSGERR_ATTR_MSG).
std::string words_of(const nlmsghdr& head, std::span<const std::uint8_t> payload) {
  if ((head.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  std::size_t skipped = sizeof(nlmsgerr);
  if ((head.nlmsg_flags & NLM_F_CAPPED) == 0) {
    skipped += read_as<nlmsgerr>(payload).msg.nlmsg_len - sizeof(nlmsghdr);
  }
  if (skipped > payload.size()) return {};
  return std::string(NetlinkAttributes(payload.subspan(skipped)).text(NLMSGERR_ATTR_MSG));
}

}  // namespace

NetlinkSocket::Failure NetlinkSocket::send(std::span<NetlinkMessage> messages,
                                           std::size_t& acknowledgements) {
  std::vector<std::uint8_t> bytes;
  for (auto& message : messages) {
    const auto finished = message.finish(++sequence_);
    bytes.insert(bytes.end(), finished.begin(), finished.end());
    if ((message.flags() & (NLM_F_ACK | NLM_F_DUMP)) != 0) ++acknowledgements;
  }
  if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) return {errno, {}};
  return {};
}

NetlinkSocket::Failure NetlinkSocket::exchange(
    std::span<NetlinkMessage> messages, const std::function<void(const NetlinkAnswer&)>& sink) {
  std::vector<std::uint8_t> buffer(k_receive_size);
  // What an interrupted conversation has left.
  while (receive(socket_.get(), buffer, MSG_DONTWAIT) > 0) continue;
  const std::uint32_t first = sequence_ + 1;
  std::size_t awaited = 0;
  Failure failure = send(messages, awaited);
  if (failure.code != 0) return failure;
  while (awaited > 0) {
    // Once something has failed, only what is there already is read: acknowledgements may be
    // missing.
    const std::size_t size = receive(socket_.get(), buffer, failure.code != 0 ? MSG_DONTWAIT : 0);
    if (size == 0) break;
    for_each_message({buffer.data(), size}, [&](const nlmsghdr& head, auto payload) {
      if (head.nlmsg_seq < first) return true;
      if (head.nlmsg_type == NLMSG_ERROR || head.nlmsg_type == NLMSG_DONE) {
        const int code = -read_as<int>(payload);
        if (code > 0 && failure.code == 0) {
          failure = {code, head.nlmsg_type == NLMSG_ERROR ? words_of(head, payload) : ""};
        }
        --awaited;
      } else if (sink) {
        sink({head.nlmsg_type, payload});
      }
      return awaited > 0;
    });
  }
  return failure;
}

void NetlinkSocket::apply(NetlinkMessage message, std::string_view what) {
  apply_all({&message, 1}, what);
}

int NetlinkSocket::try_apply(NetlinkMessage message) {
  return exchange({&message, 1}, nullptr).code;
}

void NetlinkSocket::apply_all(std::span<NetlinkMessage> messages, std::string_view what) {
  query_all(messages, nullptr, what);
}

void NetlinkSocket::query(NetlinkMessage message,
                          const std::function<void(const NetlinkAnswer&)>& sink,
                          std::string_view what) {
  query_all({&message, 1}, sink, what);
}

void NetlinkSocket::query_all(std::span<NetlinkMessage> messages,
                              const std::function<void(const NetlinkAnswer&)>& sink,
                              std::string_view what) {
  const Failure failure = exchange(messages, sink);
  if (failure.code == 0) return;
  errno = failure.code;
  if (failure.words.empty()) throw SysError("cannot {}", what);
  throw SysError("cannot {} ({})", what, failure.words);
}

bool NetlinkSocket::read_announcements(const std::function<void(const NetlinkAnswer&)>& sink) {
  std::vector<std::uint8_t> buffer(k_receive_size);
  for (;;) {
    std::size_t size = 0;
    try {
      size = receive(socket_.get(), buffer, MSG_DONTWAIT);
    } catch (const SysError& error) {
      if (error.code() == ENOBUFS) return false;
      throw;
    }
    if (size == 0) return true;
    for_each_message({buffer.data(), size}, [&](const nlmsghdr& head, auto payload) {
      sink({head.nlmsg_type, payload});
      return true;
    });
  }
}

}  // namespace coracle::linux
