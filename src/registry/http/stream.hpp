// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "registry/http/socket.hpp"

namespace coracle::registry {

/// Bytes to and from a server, plain or encrypted. Waits as its socket does.
class Stream {
 public:
  virtual ~Stream() = default;
  /// At least one byte; 0 at the end.
  virtual std::size_t read_some(void* data, std::size_t size) = 0;
  /// At least one byte, or an error: nothing more is taken at the end.
  virtual std::size_t write_some(const void* data, std::size_t size) = 0;
  /// What it waits on.
  virtual Socket& socket() = 0;

  void write_all(std::string_view text) {
    while (!text.empty()) text.remove_prefix(write_some(text.data(), text.size()));
  }
};

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}
  std::size_t read_some(void* data, std::size_t size) override {
    return socket_.read_some(data, size);
  }
  std::size_t write_some(const void* data, std::size_t size) override {
    return socket_.write_some(data, size);
  }
  Socket& socket() override { return socket_; }

 private:
  Socket socket_;
};

}  // namespace coracle::registry
