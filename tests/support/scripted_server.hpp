// SPDX-License-Identifier: Apache-2.0
// A server that answers what a test tells it to, connection by connection.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/loopback.hpp"

namespace coracle::test {

/// What is said without waiting for a request.
inline constexpr std::string_view k_at_once = "at once: ";

/// Each connection has a list of answers, given one for each request head that comes. After the
/// last one it hangs up.
class ScriptedServer {
 public:
  using Conversation = std::vector<std::string>;

  explicit ScriptedServer(std::deque<Conversation> conversations)
      : conversations_(std::move(conversations)), thread_([this] { serve(); }) {}
  ~ScriptedServer() {
    // Nobody is waited for any more.
    ::shutdown(listener_.fd(), SHUT_RDWR);
    thread_.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const noexcept { return listener_.port(); }
  /// What has been asked so far, heads and bodies.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  /// A head, and as much body as its Content-Length says; empty at the end.
  static std::string read_request(int fd) {
    std::string text;
    char buffer[4096];
    while (true) {
      const auto end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        const auto field = text.find("Content-Length: ");
        const std::size_t length =
            field < end ? std::stoul(text.substr(field + 16)) : std::size_t{0};
        if (text.size() >= end + 4 + length) return text;
      }
      pollfd set{fd, POLLIN, 0};
      if (::poll(&set, 1, 5000) != 1) return "";
      const ssize_t got = ::read(fd, buffer, sizeof buffer);
      if (got <= 0) return "";
      text.append(buffer, static_cast<std::size_t>(got));
    }
  }

  void serve() {
    for (const auto& conversation : conversations_) {
      pollfd set{listener_.fd(), POLLIN, 0};
      if (::poll(&set, 1, 5000) != 1) return;
      const linux::Fd connection = listener_.accept();
      if (!connection) return;
      for (const auto& answer : conversation) {
        if (answer.starts_with(k_at_once)) {
          char hello[1024];
          [[maybe_unused]] const auto got = ::read(connection.get(), hello, sizeof hello);
          [[maybe_unused]] const auto put = ::write(
              connection.get(), answer.data() + k_at_once.size(), answer.size() - k_at_once.size());
          continue;
        }
        std::string request = read_request(connection.get());
        if (request.empty()) break;
        {
          const std::lock_guard lock(mutex_);
          requests_.push_back(std::move(request));
        }
        if (::write(connection.get(), answer.data(), answer.size()) < 0) break;
      }
    }
  }

  Listener listener_;
  std::deque<Conversation> conversations_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

/// "HTTP/1.1 STATUS" with these further fields ("Name: value\r\n…") and this body.
inline std::string answer(int status, const std::string& fields = "",
                          const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(status) +
         " x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

}  // namespace coracle::test
