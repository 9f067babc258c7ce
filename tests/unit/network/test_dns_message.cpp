// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "network/dns/message.hpp"
#include "unit/network/network_support.hpp"

using namespace coracle;
using namespace coracle::network;
using namespace coracle::network::dns;
using test::ip;

namespace {

void put(Bytes& bytes, std::initializer_list<int> values) {
  for (const int value : values) bytes.push_back(static_cast<std::uint8_t>(value));
}

/// "Db.Example" with this type; id 0x1234, recursion desired.
Bytes make_query(int type, bool edns = false) {
  Bytes bytes;
  put(bytes, {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0});
  put(bytes, {2, 'D', 'b', 7, 'E', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, type, 0, 1});
  if (edns) put(bytes, {0, 0, 41, 0x05, 0xdc, 0, 0, 0, 0, 0, 0});
  return bytes;
}

}  // namespace

TEST_CASE("a query is read") {
  const Bytes packet = make_query(1);
  const auto query = parse_query(packet);
  REQUIRE(query);
  CHECK(query->id == 0x1234);
  CHECK(query->name == "db.example");
  CHECK(query->type == 1);
  CHECK(query->record_class == 1);
  CHECK(query->recursion_desired);
  CHECK(query->datagram_size == 512);
  CHECK_FALSE(query->has_edns);
  CHECK(query->question.size() == packet.size() - k_header_size);
  const Bytes with_options = make_query(28, true);
  CHECK(parse_query(with_options)->datagram_size == 1500);
  CHECK(parse_query(with_options)->has_edns);
}

TEST_CASE("what is no query is refused, wherever it is cut") {
  const Bytes packet = make_query(1, true);
  for (std::size_t size = 0; size < packet.size(); ++size) {
    const auto query = parse_query(ByteView(packet).first(size));
    // Without its options it is a query all the same.
    CHECK(query.has_value() == (size >= packet.size() - 11));
  }
  Bytes answer = packet;
  answer[2] = 0x81;
  CHECK_FALSE(parse_query(answer));
  Bytes two = packet;
  two[5] = 2;
  CHECK_FALSE(parse_query(two));
  Bytes pointer = packet;
  pointer[12] = 0xc0;
  CHECK_FALSE(parse_query(pointer));
  Bytes dot = packet;
  dot[13] = '.';
  CHECK_FALSE(parse_query(dot));
  Bytes update = packet;
  update[2] = 0x28;
  CHECK_FALSE(parse_query(update));
  Bytes endless(k_header_size, 0);
  endless[5] = 1;
  for (int i = 0; i < 100; ++i) put(endless, {3, 'a', 'b', 'c'});
  put(endless, {0, 0, 1, 0, 1});
  CHECK_FALSE(parse_query(endless));
}

TEST_CASE("an answer is written, and recognised") {
  const Bytes packet = make_query(1);
  const auto query = *parse_query(packet);
  const Bytes answer = Answer(query, ResponseCode::no_error)
                           .add_address(ip("10.9.0.2"), 60)
                           .finish(query.datagram_size);
  CHECK(id_of(answer) == 0x1234);
  CHECK(answer[2] == 0x85);  // An answer, by who knows; recursion was desired,
  CHECK(answer[3] == 0x80);  // and is available.
  CHECK(answer[7] == 1);
  const Bytes record = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 9, 0, 2};
  CHECK(Bytes(answer.end() - 16, answer.end()) == record);
  CHECK(answers(answer, query));
  CHECK_FALSE(answers(packet, query));
  const Bytes other = make_query(28);
  CHECK_FALSE(answers(answer, *parse_query(other)));
  for (std::size_t size = 0; size < k_header_size + 16; ++size) {
    CHECK_FALSE(answers(ByteView(answer).first(size), query));
  }
}

TEST_CASE("errors, options and answers that are too long") {
  const Bytes packet = make_query(28, true);
  const auto query = *parse_query(packet);
  const Bytes error = Answer(query, ResponseCode::name_error).finish(512);
  CHECK((error[3] & 15) == 3);
  CHECK(error[11] == 1);
  CHECK(Bytes(error.end() - 11, error.end() - 6) == Bytes{0, 0, 41, 0x10, 0});
  Answer many(query, ResponseCode::no_error);
  for (int i = 0; i < 40; ++i) many.add_address(ip("fd00::1"), 60);
  const Bytes cut = many.finish(512);
  CHECK((cut[2] & 2) == 2);
  CHECK(cut[7] == 0);
  CHECK(cut.size() == packet.size());
}

TEST_CASE("pointers, and names of the reverse tree") {
  CHECK(parse_reverse_name("2.0.88.10.in-addr.arpa") == ip("10.88.0.2"));
  CHECK(parse_reverse_name(
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa") ==
        ip("fd00::1"));
  for (const char* name :
       {"0.88.10.in-addr.arpa", "256.0.88.10.in-addr.arpa", "x.0.88.10.in-addr.arpa",
        "1.2.ip6.arpa", "in-addr.arpa", "db.example", ""}) {
    CHECK_FALSE(parse_reverse_name(name));
  }
  const Bytes packet = make_query(12);
  const auto query = *parse_query(packet);
  const Bytes answer = Answer(query, ResponseCode::no_error).add_pointer("db", 60).finish(512);
  CHECK(Bytes(answer.end() - 6, answer.end()) == Bytes{0, 4, 2, 'd', 'b', 0});
  const Bytes none = Answer(query, ResponseCode::no_error)
                         .add_pointer(std::string(64, 'x'), 60)
                         .add_pointer("a..b", 60)
                         .finish(512);
  CHECK(none[7] == 0);
}
