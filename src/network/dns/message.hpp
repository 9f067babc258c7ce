// SPDX-License-Identifier: Apache-2.0
// Queries and answers of the domain name system on the wire (RFC 1035), as far as names of
// containers need them. What comes from a network is looked at byte by byte and never trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/network/address.hpp"

namespace coracle::network::dns {

enum class RecordType : std::uint16_t { a = 1, ptr = 12, aaaa = 28, any = 255 };

enum class ResponseCode : std::uint8_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,  ///< there is no such name
  not_implemented = 4,
  refused = 5,
};

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline constexpr std::size_t k_header_size = 12;
/// What fits into a message of a connection, whose length is told in two bytes.
inline constexpr std::size_t k_largest_message = 65535;
/// What fits into a datagram for a client that does not say otherwise, and the most we send.
inline constexpr std::size_t k_plain_size = 512;
inline constexpr std::size_t k_largest_datagram = 4096;

struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  std::string name;  ///< lower case, without the dot at the end: "db.dns.podman"; "" is the root
  std::uint16_t type = 0;
  std::uint16_t record_class = 0;
  std::size_t datagram_size = k_plain_size;  ///< that the client takes (EDNS, RFC 6891)
  bool has_edns = false;
  ByteView question;  ///< as it stands in the packet, which must live as long
};

/// @returns nothing for what is no query that can be answered at all, not even with an error
std::optional<Query> parse_query(ByteView packet);

/// The id of a packet, 0 if it is too short.
std::uint16_t id_of(ByteView packet) noexcept;
void set_id(Bytes& packet, std::uint16_t id) noexcept;

/// A message as a connection carries it: behind its length (4.2.2).
Bytes frame(ByteView message);
/// Takes the first message out of what a connection has brought; nothing until it is complete.
std::optional<Bytes> take_message(Bytes& received);

/// Whether an answer is one to the query: the same question, and it is an answer.
bool answers(ByteView packet, const Query& query);

/// The address that a name of the reverse tree stands for: "2.0.88.10.in-addr.arpa", "….ip6.arpa".
std::optional<IpAddress> parse_reverse_name(std::string_view name);

/// An answer that is put together.
class Answer {
 public:
  Answer(const Query& query, ResponseCode code);

  /// @param ttl  seconds
  Answer& add_address(const IpAddress& address, std::uint32_t ttl);
  /// @param name  of at most 255 bytes in labels of at most 63; others are left out
  Answer& add_pointer(std::string_view name, std::uint32_t ttl);

  /// @param limit  a longer one is cut to its question and says that it is (TC)
  Bytes finish(std::size_t limit);

 private:
  void begin_record(RecordType type, std::uint32_t ttl, std::size_t size);

  Bytes bytes_;
  std::size_t question_end_ = 0;
  std::uint16_t count_ = 0;
  bool has_edns_;
};

}  // namespace coracle::network::dns
