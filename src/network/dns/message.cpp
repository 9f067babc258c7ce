// SPDX-License-Identifier: Apache-2.0
#include "network/dns/message.hpp"

#include <algorithm>

#include "coracle/base/strings.hpp"

namespace coracle::network::dns {
namespace {

// Of the header's second word (RFC 1035, 4.1.1).
constexpr std::uint16_t k_response = 0x8000;
constexpr std::uint16_t k_operation = 0x7800;
constexpr std::uint16_t k_authoritative = 0x0400;
constexpr std::uint16_t k_truncated = 0x0200;
constexpr std::uint16_t k_recursion_desired = 0x0100;
constexpr std::uint16_t k_recursion_available = 0x0080;

constexpr std::uint16_t k_internet = 1;
constexpr std::uint16_t k_option_record = 41;  // EDNS
constexpr std::size_t k_most_labels = 63;
constexpr std::size_t k_longest_name = 255;

std::uint16_t word_at(ByteView packet, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(packet[at] << 8 | packet[at + 1]);
}

void put_word(Bytes& bytes, std::uint16_t word) {
  bytes.push_back(static_cast<std::uint8_t>(word >> 8));
  bytes.push_back(static_cast<std::uint8_t>(word));
}

void set_word(Bytes& bytes, std::size_t at, std::uint16_t word) noexcept {
  bytes[at] = static_cast<std::uint8_t>(word >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(word);
}

char to_lower_ascii(std::uint8_t byte) noexcept {
  return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
}

/// Reads the name of a question, which nothing before it can be referred to in.
/// @returns where it ends; nothing if it is malformed
std::optional<std::size_t> read_name(ByteView packet, std::size_t at, std::string& name) {
  while (at < packet.size()) {
    const std::size_t length = packet[at++];
    if (length == 0) return at;
    if (length > k_most_labels || at + length > packet.size()) return std::nullopt;
    if (!name.empty()) name += '.';
    for (std::size_t i = 0; i < length; ++i) {
      // A dot within a label would make two of it.
      if (packet[at + i] == '.' || packet[at + i] == 0) return std::nullopt;
      name += to_lower_ascii(packet[at + i]);
    }
    if (name.size() > k_longest_name) return std::nullopt;
    at += length;
  }
  return std::nullopt;
}

/// Whether a record of EDNS begins here, at the very end where it always stands.
void read_options(ByteView packet, std::size_t at, Query& query) {
  constexpr std::size_t k_record_size = 11;
  if (at + k_record_size > packet.size() || packet[at] != 0) return;
  if (word_at(packet, at + 1) != k_option_record) return;
  query.has_edns = true;
  query.datagram_size =
      std::clamp<std::size_t>(word_at(packet, at + 3), k_plain_size, k_largest_datagram);
}

/// The labels of a name on the wire; nothing if it cannot be one.
std::optional<Bytes> to_wire(std::string_view name) {
  Bytes wire;
  for (const auto& label : split(name, '.')) {
    if (label.empty() || label.size() > k_most_labels) return std::nullopt;
    wire.push_back(static_cast<std::uint8_t>(label.size()));
    wire.insert(wire.end(), label.begin(), label.end());
  }
  wire.push_back(0);
  if (wire.size() > k_longest_name) return std::nullopt;
  return wire;
}

std::optional<IpAddress> parse_reverse_v4(const std::vector<std::string>& labels) {
  if (labels.size() != 4) return std::nullopt;
  std::uint8_t bytes[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const auto value = parse_int(labels[3 - i]);
    if (!value || *value < 0 || *value > 255) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*value);
  }
  return IpAddress(bytes);
}

std::optional<IpAddress> parse_reverse_v6(const std::vector<std::string>& labels) {
  if (labels.size() != 32) return std::nullopt;
  std::uint8_t bytes[16] = {};
  for (std::size_t i = 0; i < 32; ++i) {
    const std::string& label = labels[31 - i];
    const auto value = label.size() == 1 ? parse_int(label, 16) : std::nullopt;
    if (!value || *value < 0) return std::nullopt;
    bytes[i / 2] = static_cast<std::uint8_t>(bytes[i / 2] << 4 | *value);
  }
  return IpAddress(bytes);
}

}  // namespace

std::optional<Query> parse_query(ByteView packet) {
  if (packet.size() < k_header_size) return std::nullopt;
  const std::uint16_t flags = word_at(packet, 2);
  // One question, as everybody asks; not an answer, which could make two servers talk for ever.
  if ((flags & (k_response | k_operation)) != 0 || word_at(packet, 4) != 1) return std::nullopt;
  Query query;
  query.id = word_at(packet, 0);
  query.recursion_desired = (flags & k_recursion_desired) != 0;
  const auto end = read_name(packet, k_header_size, query.name);
  if (!end || *end + 4 > packet.size()) return std::nullopt;
  query.type = word_at(packet, *end);
  query.record_class = word_at(packet, *end + 2);
  query.question = packet.subspan(k_header_size, *end + 4 - k_header_size);
  const bool only_options = word_at(packet, 6) == 0 && word_at(packet, 8) == 0;
  if (only_options && word_at(packet, 10) > 0) read_options(packet, *end + 4, query);
  return query;
}

std::uint16_t id_of(ByteView packet) noexcept {
  return packet.size() < 2 ? 0 : word_at(packet, 0);
}

void set_id(Bytes& packet, std::uint16_t id) noexcept {
  if (packet.size() >= 2) set_word(packet, 0, id);
}

Bytes frame(ByteView message) {
  Bytes framed = {static_cast<std::uint8_t>(message.size() >> 8),
                  static_cast<std::uint8_t>(message.size())};
  framed.insert(framed.end(), message.begin(), message.end());
  return framed;
}

std::optional<Bytes> take_message(Bytes& received) {
  if (received.size() < 2) return std::nullopt;
  const std::size_t end = 2 + ((std::size_t{received[0]} << 8) | received[1]);
  if (received.size() < end) return std::nullopt;
  const auto last = received.begin() + static_cast<std::ptrdiff_t>(end);
  Bytes message(received.begin() + 2, last);
  received.erase(received.begin(), last);
  return message;
}

bool answers(ByteView packet, const Query& query) {
  if (packet.size() < k_header_size || (word_at(packet, 2) & k_response) == 0) return false;
  if (word_at(packet, 4) != 1) return false;
  std::string name;
  const auto end = read_name(packet, k_header_size, name);
  return end && *end + 4 <= packet.size() && name == query.name &&
         word_at(packet, *end) == query.type && word_at(packet, *end + 2) == query.record_class;
}

std::optional<IpAddress> parse_reverse_name(std::string_view name) {
  constexpr std::string_view k_v4 = ".in-addr.arpa";
  constexpr std::string_view k_v6 = ".ip6.arpa";
  if (name.ends_with(k_v4)) {
    return parse_reverse_v4(split(name.substr(0, name.size() - k_v4.size()), '.'));
  }
  if (name.ends_with(k_v6)) {
    return parse_reverse_v6(split(name.substr(0, name.size() - k_v6.size()), '.'));
  }
  return std::nullopt;
}

Answer::Answer(const Query& query, ResponseCode code) : has_edns_(query.has_edns) {
  put_word(bytes_, query.id);
  const bool is_known = code == ResponseCode::no_error || code == ResponseCode::name_error;
  put_word(bytes_, static_cast<std::uint16_t>(k_response | k_recursion_available |
                                              (is_known ? k_authoritative : 0) |
                                              (query.recursion_desired ? k_recursion_desired : 0) |
                                              static_cast<std::uint8_t>(code)));
  put_word(bytes_, 1);  // Questions, answers, authorities, additional records.
  put_word(bytes_, 0);
  put_word(bytes_, 0);
  put_word(bytes_, 0);
  bytes_.insert(bytes_.end(), query.question.begin(), query.question.end());
  question_end_ = bytes_.size();
}

void Answer::begin_record(RecordType type, std::uint32_t ttl, std::size_t size) {
  constexpr std::uint16_t k_same_name = 0xc000 | k_header_size;  // A pointer to the question's.
  put_word(bytes_, k_same_name);
  put_word(bytes_, static_cast<std::uint16_t>(type));
  put_word(bytes_, k_internet);
  put_word(bytes_, static_cast<std::uint16_t>(ttl >> 16));
  put_word(bytes_, static_cast<std::uint16_t>(ttl));
  put_word(bytes_, static_cast<std::uint16_t>(size));
  ++count_;
}

Answer& Answer::add_address(const IpAddress& address, std::uint32_t ttl) {
  const auto bytes = address.bytes();
  begin_record(address.is_v6() ? RecordType::aaaa : RecordType::a, ttl, bytes.size());
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

Answer& Answer::add_pointer(std::string_view name, std::uint32_t ttl) {
  const auto wire = to_wire(name);
  if (!wire) return *this;
  begin_record(RecordType::ptr, ttl, wire->size());
  bytes_.insert(bytes_.end(), wire->begin(), wire->end());
  return *this;
}

Bytes Answer::finish(std::size_t limit) {
  constexpr std::size_t k_options_size = 11;
  const std::size_t options = has_edns_ ? k_options_size : 0;
  if (bytes_.size() + options > limit) {
    bytes_.resize(question_end_);
    count_ = 0;
    bytes_[2] = static_cast<std::uint8_t>(bytes_[2] | k_truncated >> 8);
  }
  set_word(bytes_, 6, count_);
  if (has_edns_) {
    set_word(bytes_, 10, 1);
    bytes_.push_back(0);
    put_word(bytes_, k_option_record);
    put_word(bytes_, k_largest_datagram);
    for (int i = 0; i < 6; ++i) bytes_.push_back(0);
  }
  return std::move(bytes_);
}

}  // namespace coracle::network::dns
