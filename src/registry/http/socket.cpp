// SPDX-License-Identifier: Apache-2.0
#include "registry/http/socket.hpp"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <vector>

#include "coracle/base/error.hpp"
#include "registry/http/resolver.hpp"

namespace coracle::registry {
namespace {

constexpr std::chrono::milliseconds k_head_start{250};

/// Attempts to connect that are under way, and what has become of them.
class Race {
 public:
  Race(std::vector<Address> addresses, const linux::Cancellation& cancellation)
      : addresses_(std::move(addresses)), cancellation_(cancellation) {}

  /// The first connection that is there; invalid when all have failed or the time is up.
  linux::Fd run(const Deadline& deadline) {
    while (true) {
      cancellation_.check();
      if (deadline.has_passed()) {
        error_ = ETIMEDOUT;
        return {};
      }
      if (running_.empty() && next_ == addresses_.size()) return {};
      const bool may_start = next_ < addresses_.size();
      if (may_start && (running_.empty() || next_start_.has_passed())) {
        if (auto connected = start(addresses_[next_++])) return connected;
        continue;
      }
      if (auto connected = wait(may_start ? std::min(next_start_.left_ms(), deadline.left_ms())
                                          : deadline.left_ms())) {
        return connected;
      }
    }
  }

  int error() const noexcept { return error_; }

 private:
  linux::Fd start(const Address& address) {
    linux::Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
      error_ = errno;
      return {};
    }
    if (::connect(fd.get(), address.get(), address.size) == 0) return fd;
    if (errno != EINPROGRESS) {
      error_ = errno;
      return {};
    }
    running_.push_back(std::move(fd));
    next_start_ = Deadline(k_head_start);
    return {};
  }

  linux::Fd wait(int timeout_ms) {
    std::vector<pollfd> set;
    for (const auto& fd : running_) set.push_back({fd.get(), POLLOUT, 0});
    set.push_back({cancellation_.fd(), POLLIN, 0});
    ::poll(set.data(), set.size(), timeout_ms);
    for (std::size_t i = running_.size(); i-- > 0;) {
      if (set[i].revents == 0) continue;
      linux::Fd fd = std::move(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      int failure = 0;
      socklen_t size = sizeof failure;
      if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0)
        return fd;
      error_ = failure;
      // A failure is an answer: the next one need not wait.
      next_start_ = Deadline(std::chrono::milliseconds(0));
    }
    return {};
  }

  std::vector<Address> addresses_;
  const linux::Cancellation& cancellation_;
  std::vector<linux::Fd> running_;
  std::size_t next_ = 0;
  Deadline next_start_{std::chrono::milliseconds(0)};
  int error_ = 0;
};

}  // namespace

Socket Socket::connect(const std::string& host, std::uint16_t port,
                       std::chrono::milliseconds patience,
                       const linux::Cancellation& cancellation) {
  const Deadline deadline(patience);
  const std::string peer = fmt::format("{}:{}", host, port);
  Race race(interleave_families(resolve_host(host, port, deadline, cancellation)), cancellation);
  linux::Fd fd = race.run(deadline);
  if (!fd) {
    throw Error(ErrorClass::unavailable, "cannot connect to {}: {}", peer,
                ::strerror(race.error()));
  }
  const int one = 1;
  // Requests are written whole: none waits for more to come.
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  return {std::move(fd), peer, cancellation};
}

Socket Socket::connect_local(const std::string& path, const linux::Cancellation& cancellation) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw Error(ErrorClass::invalid_argument, "the path of socket '{}' is too long", path);
  }
  path.copy(address.sun_path, path.size());
  linux::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw Error(ErrorClass::unavailable, "cannot connect to '{}': {}", path, ::strerror(errno));
  }
  return {std::move(fd), path, cancellation};
}

bool Socket::is_readable() const noexcept {
  pollfd set{fd_.get(), POLLIN, 0};
  return ::poll(&set, 1, 0) != 0;
}

void Socket::wait(short events) const {
  const Deadline deadline = deadline_ ? deadline_->sooner(patience_) : Deadline(patience_);
  while (true) {
    pollfd set[2] = {{fd_.get(), events, 0}, {cancellation_->fd(), POLLIN, 0}};
    const int ready = ::poll(set, 2, deadline.left_ms());
    cancellation_->check();
    if (ready > 0 && set[0].revents != 0) return;
    if (ready < 0 && errno != EINTR) throw SysError("cannot wait for {}", peer_);
    if (deadline.has_passed()) {
      if (deadline_ && deadline_->has_passed()) {
        throw Error(ErrorClass::unavailable, "{} takes too long to answer", peer_);
      }
      throw Error(ErrorClass::unavailable, "{} has been silent for {} seconds", peer_,
                  std::chrono::duration_cast<std::chrono::seconds>(patience_).count());
    }
  }
}

std::size_t Socket::read_some(void* data, std::size_t size) const {
  while (true) {
    cancellation_->check();
    const ssize_t got = ::recv(fd_.get(), data, size, 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN) {
      wait(POLLIN);
    } else if (errno != EINTR) {
      throw Error(ErrorClass::unavailable, "connection to {}: {}", peer_, ::strerror(errno));
    }
  }
}

std::size_t Socket::write_some(const void* data, std::size_t size) const {
  while (true) {
    cancellation_->check();
    const ssize_t put = ::send(fd_.get(), data, size, MSG_NOSIGNAL);
    if (put >= 0) return static_cast<std::size_t>(put);
    if (errno == EAGAIN) {
      wait(POLLOUT);
    } else if (errno != EINTR) {
      throw Error(ErrorClass::unavailable, "connection to {}: {}", peer_, ::strerror(errno));
    }
  }
}

}  // namespace coracle::registry
