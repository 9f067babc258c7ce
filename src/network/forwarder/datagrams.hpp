// SPDX-License-Identifier: Apache-2.0
// Datagrams that are handed on. Each client has a socket of its own inside, so that answers find
// back.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <vector>

#include "coracle/linux/fd.hpp"
#include "network/event_loop.hpp"
#include "network/forwarder/dialer.hpp"

namespace coracle::network::forwarder {

class DatagramPort;

/// Who has sent, and to which address of the host.
struct DatagramKey {
  IpAddress client;
  std::uint16_t port = 0;
  IpAddress local;

  auto operator<=>(const DatagramKey&) const = default;
};

class DatagramSession final : public EventHandler {
 public:
  DatagramSession(DatagramPort& port, DatagramKey key, const SocketAddress& peer, linux::Fd socket)
      : port_(port), key_(std::move(key)), peer_(peer), socket_(std::move(socket)) {}

  /// Answers of the server.
  void on_events(std::uint32_t events) override;
  void send(const void* data, std::size_t size);

  const DatagramKey& key() const noexcept { return key_; }
  std::chrono::steady_clock::time_point last_use() const noexcept { return last_use_; }
  int fd() const noexcept { return socket_.get(); }

 private:
  DatagramPort& port_;
  DatagramKey key_;
  SocketAddress peer_;
  linux::Fd socket_;
  std::chrono::steady_clock::time_point last_use_ = std::chrono::steady_clock::now();
};

class DatagramPort final : public EventHandler {
 public:
  DatagramPort(EventLoop& loop, const Dialer& dialer, linux::Fd socket, std::uint16_t port);

  /// What clients send.
  void on_events(std::uint32_t events) override;
  /// To a client, from the address of the host that it has sent to.
  void answer(const DatagramKey& key, const SocketAddress& peer, const void* data,
              std::size_t size) const;
  /// Forgets clients that have been silent for long.
  void sweep();

 private:
  DatagramSession* session_for(const DatagramKey& key, const SocketAddress& peer);
  void forget(DatagramSession& session);

  EventLoop& loop_;
  const Dialer& dialer_;
  linux::Fd socket_;
  std::uint16_t port_;
  bool is_v6_;
  std::map<DatagramKey, DatagramSession*> sessions_;
  std::vector<char> buffer_;
};

}  // namespace coracle::network::forwarder
