// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "monitor/endpoint.hpp"
#include "monitor/message.hpp"

namespace coracle::monitor {

/// Whoever is connected to the monitor: attached to streams, or with a short request.
struct Client {
  explicit Client(linux::Fd connection) : channel(std::move(connection)) {}

  linux::Fd channel;
  bool is_attached = false;  ///< has said hello
  Endpoint input;
  bool input_is_relayed = false;
  bool input_has_ended = false;                 ///< announced, for a relayed one
  std::array<Endpoint, 2> outputs;              ///< by Stream
  std::array<std::size_t, 2> written = {0, 0};  ///< of each pump's present chunk
  std::array<bool, 2> can_splice = {true, true};
  bool output_gone = false;  ///< nobody reads; the client is to be told
  std::size_t place = 0;     ///< in the poll set

  /// Takes the streams that came with a hello. Those that could block us are refused.
  void attach(Packet& hello) noexcept;
};

using Clients = std::vector<Client>;

}  // namespace coracle::monitor
