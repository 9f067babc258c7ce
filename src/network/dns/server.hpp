// SPDX-License-Identifier: Apache-2.0
// The name server of a bridge network: knows containers, and asks the host's servers for the rest.
#pragma once

#include <optional>
#include <vector>

#include "coracle/linux/fd.hpp"
#include "network/dns/names.hpp"
#include "network/dns/upstream.hpp"
#include "network/event_loop.hpp"
#include "network/socket_address.hpp"

namespace coracle::network::dns {

/// What is known of a query here; nothing when it is for others.
/// @param asking  the client's address
std::optional<Bytes> answer_here(const Names& names, const Query& query, const IpAddress& asking);

/// Serves datagrams that come to one socket.
class NameServer final : public EventHandler {
 public:
  /// @param socket    bound, of datagrams
  /// @param upstream  null: nobody else is asked (an internal network)
  NameServer(EventLoop& loop, const Names& names, Upstream* upstream, linux::Fd socket);

  void on_events(std::uint32_t events) override;

 private:
  void serve(ByteView packet, const SocketAddress& client);

  const Names& names_;
  Upstream* upstream_;
  std::shared_ptr<linux::Fd> socket_;  ///< answers may come when this is gone
};

}  // namespace coracle::network::dns
