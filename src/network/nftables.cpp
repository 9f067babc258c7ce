// SPDX-License-Identifier: Apache-2.0
#include "network/nftables.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <cstring>

namespace coracle::network::nft {
namespace {

/// The one register that rules here use, and the code of "go on".
constexpr std::uint32_t k_register = NFT_REG_1;

nfgenmsg header_of(std::uint8_t family, std::uint16_t resource) {
  nfgenmsg header{};
  header.nfgen_family = family;
  header.version = NFNETLINK_V0;
  header.res_id = htons(resource);
  return header;
}

constexpr std::uint16_t type_of(std::uint16_t message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

}  // namespace

Rule& Rule::load_meta(std::uint32_t key) {
  expressions_.push_back({"meta", {{NFTA_META_DREG, k_register}, {NFTA_META_KEY, key}}, {}});
  return *this;
}

Rule& Rule::set_meta(std::uint32_t key) {
  expressions_.push_back({"meta", {{NFTA_META_KEY, key}, {NFTA_META_SREG, k_register}}, {}});
  return *this;
}

Rule& Rule::load_connection(std::uint32_t key) {
  expressions_.push_back({"ct", {{NFTA_CT_DREG, k_register}, {NFTA_CT_KEY, key}}, {}});
  return *this;
}

Rule& Rule::set_connection(std::uint32_t key) {
  expressions_.push_back({"ct", {{NFTA_CT_KEY, key}, {NFTA_CT_SREG, k_register}}, {}});
  return *this;
}

Rule& Rule::require_equal(std::span<const std::uint8_t> value) {
  expressions_.push_back({"cmp",
                          {{NFTA_CMP_SREG, k_register}, {NFTA_CMP_OP, NFT_CMP_EQ}},
                          {value.begin(), value.end()}});
  return *this;
}

Rule& Rule::require_equal(std::uint32_t value) {
  std::uint8_t bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  return require_equal(bytes);
}

void Rule::write(linux::NetlinkMessage& message) const {
  for (const auto& expression : expressions_) {
    message.nest(NFTA_LIST_ELEM, [&](linux::NetlinkMessage& element) {
      element.add_text(NFTA_EXPR_NAME, expression.name);
      element.nest(NFTA_EXPR_DATA, [&](linux::NetlinkMessage& data) {
        for (const auto& attribute : expression.attributes) {
          data.add_big(attribute.type, attribute.number);
        }
        if (expression.data.empty()) return;
        data.nest(NFTA_CMP_DATA, [&](linux::NetlinkMessage& value) {
          value.add_bytes(NFTA_DATA_VALUE, expression.data);
        });
      });
    });
  }
}

Transaction::Transaction() {
  messages_.emplace_back(NFNL_MSG_BATCH_BEGIN, std::uint16_t{0});
  messages_.back().header(header_of(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

linux::NetlinkMessage& Transaction::add(std::uint16_t type, std::uint16_t flags) {
  auto& message = messages_.emplace_back(type_of(type), flags);
  message.header(header_of(NFPROTO_INET, 0));
  return message;
}

void Transaction::add_table(const std::string& table) {
  add(NFT_MSG_NEWTABLE, NLM_F_CREATE).add_text(NFTA_TABLE_NAME, table);
}

void Transaction::add_chain(const std::string& table, const std::string& chain, const Hook& hook) {
  add(NFT_MSG_NEWCHAIN, NLM_F_CREATE)
      .add_text(NFTA_CHAIN_TABLE, table)
      .add_text(NFTA_CHAIN_NAME, chain)
      .nest(NFTA_CHAIN_HOOK,
            [&](linux::NetlinkMessage& nested) {
              nested.add_big(NFTA_HOOK_HOOKNUM, hook.number);
              nested.add_big(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(hook.priority));
            })
      .add_text(NFTA_CHAIN_TYPE, hook.type);
}

void Transaction::add_rule(const std::string& table, const std::string& chain, const Rule& rule) {
  add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND)
      .add_text(NFTA_RULE_TABLE, table)
      .add_text(NFTA_RULE_CHAIN, chain)
      .nest(NFTA_RULE_EXPRESSIONS, [&](linux::NetlinkMessage& nested) { rule.write(nested); });
}

void Transaction::commit() {
  // Mistakes are told in any case; of the others the last one is enough.
  messages_.back().request_acknowledgement();
  messages_.emplace_back(NFNL_MSG_BATCH_END, std::uint16_t{0});
  messages_.back().header(header_of(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  linux::NetlinkSocket(NETLINK_NETFILTER).apply_all(messages_, "change the packet filter");
}

}  // namespace coracle::network::nft
