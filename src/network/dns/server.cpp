// SPDX-License-Identifier: Apache-2.0
#include "network/dns/server.hpp"

#include <sys/socket.h>

#include <array>

namespace coracle::network::dns {
namespace {

constexpr std::uint32_t k_ttl = 60;  ///< seconds
constexpr std::uint16_t k_internet = 1;
constexpr std::size_t k_burst = 64;
constexpr std::size_t k_largest_query = 4096;

void send_to(int socket, const Bytes& packet, const SocketAddress& client) {
  ::sendto(socket, packet.data(), packet.size(), MSG_DONTWAIT, client.get(), client.size());
}

Bytes answer_addresses(const Query& query, const std::vector<IpAddress>& addresses) {
  Answer answer(query, ResponseCode::no_error);
  for (const auto& address : addresses) {
    const auto type = address.is_v6() ? RecordType::aaaa : RecordType::a;
    const bool is_wanted = query.type == static_cast<std::uint16_t>(type) ||
                           query.type == static_cast<std::uint16_t>(RecordType::any);
    if (is_wanted) answer.add_address(address, k_ttl);
  }
  return answer.finish(query.datagram_size);
}

}  // namespace

std::optional<Bytes> answer_here(const Names& names, const Query& query, const IpAddress& asking) {
  if (query.record_class != k_internet) return std::nullopt;
  if (query.type == static_cast<std::uint16_t>(RecordType::ptr)) {
    const auto address = parse_reverse_name(query.name);
    const auto found = address ? names.names_of(asking, *address) : std::vector<std::string>{};
    if (found.empty()) return std::nullopt;
    Answer answer(query, ResponseCode::no_error);
    for (const auto& name : found) answer.add_pointer(name, k_ttl);
    return answer.finish(query.datagram_size);
  }
  const auto addresses = names.find(asking, query.name);
  // Of a name that is known there is nothing else to be known.
  if (!addresses.empty()) return answer_addresses(query, addresses);
  const std::string domain(k_domain);
  if (query.name == domain || query.name.ends_with("." + domain)) {
    return Answer(query, ResponseCode::name_error).finish(query.datagram_size);
  }
  return std::nullopt;
}

NameServer::NameServer(EventLoop& loop, const Names& names, Upstream* upstream, linux::Fd socket)
    : names_(names), upstream_(upstream), socket_(std::make_shared<linux::Fd>(std::move(socket))) {
  loop.watch(socket_->get(), EPOLLIN, *this);
}

void NameServer::on_events(std::uint32_t) {
  std::array<std::uint8_t, k_largest_query> buffer;
  for (std::size_t i = 0; i < k_burst; ++i) {
    SocketAddress client;
    const ssize_t got = ::recvfrom(socket_->get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                   client.get(), client.size_pointer());
    if (got < 0) return;
    serve(ByteView(buffer).first(static_cast<std::size_t>(got)), client);
  }
}

void NameServer::serve(ByteView packet, const SocketAddress& client) {
  const auto query = parse_query(packet);
  if (!query) return;
  if (const auto answer = answer_here(names_, *query, client.address())) {
    return send_to(socket_->get(), *answer, client);
  }
  if (upstream_ == nullptr) {
    return send_to(socket_->get(),
                   Answer(*query, ResponseCode::name_error).finish(query->datagram_size), client);
  }
  upstream_->ask(packet, *query, [socket = socket_, client](const Bytes& answer) {
    send_to(socket->get(), answer, client);
  });
}

}  // namespace coracle::network::dns
