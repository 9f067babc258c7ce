// SPDX-License-Identifier: Apache-2.0
// What containers' monitors and the keeper say to each other: JSON, one document a packet.
#pragma once

#include <string>

#include "coracle/base/json.hpp"
#include "coracle/network/switchboard.hpp"

namespace coracle::network::keeper {

inline constexpr std::size_t k_max_packet = 64U << 10;

Json to_json(const BridgeNetwork& network);
BridgeNetwork parse_bridge_network(const Json& document);
Json to_json(const AttachRequest& request);
AttachRequest parse_attach_request(const Json& document);
Json to_json(const Attachment& attachment);
Attachment parse_attachment(const Json& document);

}  // namespace coracle::network::keeper
