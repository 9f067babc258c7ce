// SPDX-License-Identifier: Apache-2.0
#include "registry/http/resolver.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>

#include <mutex>
#include <optional>

#include "coracle/base/error.hpp"

namespace coracle::registry {
namespace {

/// The library's own state, once for the process.
void ensure_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (::ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
      throw Error(ErrorClass::internal, "cannot start the resolver");
    }
  });
}

struct Answer {
  bool done = false;
  int status = 0;
  std::vector<Address> addresses;
};

void take_answer(void* argument, int status, int /*timeouts*/, ares_addrinfo* result) {
  auto& answer = *static_cast<Answer*>(argument);
  answer.done = true;
  answer.status = status;
  if (result == nullptr) return;
  for (const auto* node = result->nodes; node != nullptr; node = node->ai_next) {
    Address address;
    if (node->ai_addrlen > sizeof address.storage) continue;
    ::memcpy(&address.storage, node->ai_addr, node->ai_addrlen);
    address.size = node->ai_addrlen;
    answer.addresses.push_back(address);
  }
  ::ares_freeaddrinfo(result);
}

class Channel {
 public:
  Channel() {
    ensure_library();
    const int status = ::ares_init(&channel_);
    if (status != ARES_SUCCESS) {
      throw Error(ErrorClass::unavailable, "cannot start the resolver: {}",
                  ::ares_strerror(status));
    }
  }
  ~Channel() { ::ares_destroy(channel_); }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  ares_channel get() const noexcept { return channel_; }

  /// Lets it work until something has happened, or the time is up.
  void work(const Deadline& deadline, const linux::Cancellation& cancellation) const {
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    const int bits = ::ares_getsock(channel_, sockets, ARES_GETSOCK_MAXNUM);
    pollfd set[ARES_GETSOCK_MAXNUM + 1] = {};
    nfds_t count = 0;
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      short events = 0;
      if (ARES_GETSOCK_READABLE(bits, i)) events |= POLLIN;
      if (ARES_GETSOCK_WRITABLE(bits, i)) events |= POLLOUT;
      if (events != 0) set[count++] = {sockets[i], events, 0};
    }
    const nfds_t own = count;
    set[count++] = {cancellation.fd(), POLLIN, 0};
    timeval most{deadline.left_ms() / 1000, deadline.left_ms() % 1000 * 1000};
    timeval wait{};
    const timeval* const next = ::ares_timeout(channel_, &most, &wait);
    ::poll(set, count, static_cast<int>(next->tv_sec * 1000 + next->tv_usec / 1000 + 1));
    bool any = false;
    for (nfds_t i = 0; i < own; ++i) {
      if (set[i].revents == 0) continue;
      any = true;
      ::ares_process_fd(channel_, (set[i].events & POLLIN) != 0 ? set[i].fd : ARES_SOCKET_BAD,
                        (set[i].events & POLLOUT) != 0 ? set[i].fd : ARES_SOCKET_BAD);
    }
    // Its own time-outs.
    if (!any) ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }

 private:
  ares_channel channel_ = nullptr;
};

std::optional<Address> parse_number(const std::string& host, std::uint16_t port) {
  Address address;
  auto* const four = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* const six = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    address.size = sizeof *four;
    return address;
  }
  if (::inet_pton(AF_INET6, host.c_str(), &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    address.size = sizeof *six;
    return address;
  }
  return std::nullopt;
}

}  // namespace

std::string Address::str() const {
  char text[INET6_ADDRSTRLEN] = {};
  const void* raw =
      family() == AF_INET
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr)
          : &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr;
  return ::inet_ntop(family(), raw, text, sizeof text) == nullptr ? "?" : text;
}

std::vector<Address> resolve_host(const std::string& host, std::uint16_t port,
                                  const Deadline& deadline,
                                  const linux::Cancellation& cancellation) {
  if (const auto number = parse_number(host, port)) return {*number};
  // Before the channel, which calls back for what it leaves undone when it goes.
  Answer answer;
  const Channel channel;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NUMERICSERV;
  ::ares_getaddrinfo(channel.get(), host.c_str(), std::to_string(port).c_str(), &hints, take_answer,
                     &answer);
  while (!answer.done) {
    cancellation.check();
    if (deadline.has_passed()) {
      throw Error(ErrorClass::unavailable, "cannot look up host '{}': no answer in time", host);
    }
    channel.work(deadline, cancellation);
  }
  if (answer.status != ARES_SUCCESS || answer.addresses.empty()) {
    const bool unknown = answer.status == ARES_SUCCESS || answer.status == ARES_ENODATA ||
                         answer.status == ARES_ENOTFOUND;
    throw Error(unknown ? ErrorClass::not_found : ErrorClass::unavailable,
                "cannot look up host '{}': {}", host,
                unknown ? "no such host" : ::ares_strerror(answer.status));
  }
  return std::move(answer.addresses);
}

std::vector<Address> interleave_families(std::vector<Address> addresses) {
  std::vector<Address> first;
  std::vector<Address> other;
  for (const auto& address : addresses) {
    (address.family() == addresses.front().family() ? first : other).push_back(address);
  }
  std::vector<Address> mixed;
  for (std::size_t i = 0; i < std::max(first.size(), other.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < other.size()) mixed.push_back(other[i]);
  }
  return mixed;
}

}  // namespace coracle::registry
