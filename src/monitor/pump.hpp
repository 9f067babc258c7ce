// SPDX-License-Identifier: Apache-2.0
// Moves bytes between a container's streams and its clients' without ever blocking: a client that
// does not read stops the reading from the container, as a full pipe would.
#pragma once

#include <poll.h>

#include <array>
#include <cstdint>
#include <list>
#include <vector>

#include "coracle/linux/fd.hpp"
#include "coracle/monitor/log.hpp"

namespace coracle::monitor {

struct Client {
  linux::Fd channel;
  linux::Fd input;
  std::array<linux::Fd, 2> outputs;           ///< by Stream
  std::array<std::size_t, 2> written = {0, 0};  ///< of the pump's present chunk
  bool has_input = false;
};

using Clients = std::list<Client>;

/// One of the container's output streams, to the log and all clients.
class OutputPump {
 public:
  explicit OutputPump(Stream stream) noexcept : stream_(stream) {}

  void open(linux::Fd source);
  bool is_open() const noexcept { return source_.valid(); }
  /// Something has not reached every client yet: read already, or waiting in the stream.
  bool has_pending() const noexcept;

  /// Adds what this pump waits for.
  void want(std::vector<pollfd>& set, const Clients& clients) const;
  /// Moves what can be moved now.
  void step(Clients& clients, LogWriter& log);
  /// Reads what the ended container left, as far as clients take it.
  void close() { source_.reset(); }

 private:
  void read_chunk(Clients& clients, LogWriter& log);
  void write_chunk(Clients& clients);
  bool try_splice(Clients& clients, const LogWriter& log);
  Client* only_client(Clients& clients) const;

  Stream stream_;
  linux::Fd source_;
  std::size_t length_ = 0;
  bool wait_for_client_ = false;  ///< spliced bytes did not fit into the client's pipe
  bool can_splice_ = true;
  std::array<char, 32 << 10> buffer_;
};

/// The clients' input to the container's.
class InputPump {
 public:
  /// @param target    the container's standard input
  /// @param terminal  its terminal: stays open when a client's input ends
  void open(linux::Fd target, bool terminal);
  void want(std::vector<pollfd>& set, const Clients& clients) const;
  void step(Clients& clients);
  void close() { target_.reset(); }
  int target() const noexcept { return target_.get(); }

 private:
  void flush();
  void take(Clients& clients);
  bool splice_from(Client& client);

  linux::Fd target_;
  bool terminal_ = false;
  bool can_splice_ = true;
  bool wait_for_target_ = false;
  std::size_t length_ = 0;
  std::size_t offset_ = 0;
  std::array<char, 16 << 10> buffer_;
};

}  // namespace coracle::monitor
