// SPDX-License-Identifier: Apache-2.0
// Rules of the kernel's packet filter (nf_tables), spoken over netlink: what nft(8) writes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "coracle/linux/netlink.hpp"

namespace coracle::network::nft {

/// What a rule does, one expression after the other, with one register of 16 bytes between them. A
/// comparison that fails ends the rule.
class Rule {
 public:
  /// @param key  NFT_META_*
  Rule& load_meta(std::uint32_t key);
  Rule& set_meta(std::uint32_t key);
  /// @param key  NFT_CT_*
  Rule& load_connection(std::uint32_t key);
  Rule& set_connection(std::uint32_t key);
  Rule& require_equal(std::span<const std::uint8_t> value);
  /// In the machine's byte order.
  Rule& require_equal(std::uint32_t value);

  /// Writes the list of expressions.
  void write(linux::NetlinkMessage& message) const;

 private:
  struct Expression {
    std::string name;
    struct Attribute {
      std::uint16_t type;
      std::uint32_t number;  ///< big-endian on the wire
    };
    std::vector<Attribute> attributes;
    std::vector<std::uint8_t> data;  ///< of a comparison
  };
  std::vector<Expression> expressions_;
};

/// Where a chain hears of packets.
struct Hook {
  const char* type;      ///< "filter", "nat" or "route"
  std::uint32_t number;  ///< NF_INET_*
  std::int32_t priority;
};

/// Changes that take effect together, or not at all. Of tables of the family inet.
class Transaction {
 public:
  Transaction();
  void add_table(const std::string& table);
  void add_chain(const std::string& table, const std::string& chain, const Hook& hook);
  void add_rule(const std::string& table, const std::string& chain, const Rule& rule);
  /// @throws SysError in the kernel's words
  void commit();

 private:
  linux::NetlinkMessage& add(std::uint16_t type, std::uint16_t flags);

  std::vector<linux::NetlinkMessage> messages_;
};

}  // namespace coracle::network::nft
