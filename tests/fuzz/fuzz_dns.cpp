// SPDX-License-Identifier: Apache-2.0
// Whatever comes to the name server: it is a query that can be answered, or it is passed over.
#include "fuzz.hpp"
#include "network/dns/message.hpp"
#include "network/dns/names.hpp"
#include "network/dns/server.hpp"

namespace coracle::network::dns {
namespace {

void check_packet(ByteView packet) {
  const auto query = parse_query(packet);
  if (!query) return;
  fuzz::require(query->name.size() <= 255, "names are bounded");
  fuzz::require(query->datagram_size >= k_plain_size && query->datagram_size <= k_largest_datagram,
                "so are answers");
  const auto address = IpAddress::parse("10.1.0.2", "address");
  Names names;
  names.add("1", "front", {"db", query->name}, {address, IpAddress::parse("fd00::1", "address")});
  const auto answer = answer_here(names, *query, address, query->datagram_size);
  if (!answer) return;
  fuzz::require(answer->size() <= query->datagram_size || query->question.size() > 400,
                "an answer is as long as the client takes");
  fuzz::require(answers(*answer, *query), "an answer is one to its query");
  fuzz::require(!parse_query(*answer), "and no query itself");
}

}  // namespace
}  // namespace coracle::network::dns

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coracle;
  fuzz::tolerate_refusal([&] { network::dns::check_packet({data, size}); });
  return 0;
}
