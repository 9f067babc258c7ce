// SPDX-License-Identifier: Apache-2.0
// Queries that the host's name servers have to answer.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "network/dns/message.hpp"
#include "network/event_loop.hpp"

namespace coracle::network::dns {

/// The name servers of a resolv.conf(5), in their order.
std::vector<IpAddress> parse_name_servers(std::string_view text);

class PendingQuery;

class Upstream {
 public:
  /// @param resolv_conf  path; read again whenever it has changed: laptops change their networks
  Upstream(EventLoop& loop, std::string resolv_conf);

  using Reply = std::function<void(const Bytes& answer)>;
  /// Sends the query on, to one server after the other. `reply` is called once, perhaps at once;
  /// with an error when nobody answers.
  void ask(ByteView packet, const Query& query, Reply reply);
  /// Gives up on those that have waited for long enough; to be called every now and then.
  void sweep();
  bool is_idle() const noexcept { return pending_.empty(); }

 private:
  friend class PendingQuery;
  const std::vector<IpAddress>& servers();

  EventLoop& loop_;
  std::string resolv_conf_;
  std::vector<IpAddress> servers_;
  std::chrono::steady_clock::time_point looked_at_{};
  std::string seen_;  ///< of the file: changes when it does
  std::set<PendingQuery*> pending_;
};

}  // namespace coracle::network::dns
