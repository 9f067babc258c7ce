// SPDX-License-Identifier: Apache-2.0
// What containers' monitors and the keeper say to each other: JSON, one document a packet.
#pragma once

#include <string>

#include "coracle/base/json.hpp"
#include "coracle/network/keeper.hpp"

namespace coracle::network::keeper {

inline constexpr std::size_t k_max_packet = 64U << 10;

Json to_json(const ConnectPlan& plan);
ConnectPlan parse_connect_plan(const Json& document);
Json to_json(const Connected& connected);
Connected parse_connected(const Json& document);

Json to_json(const linux::ProcessIdentity& process);
linux::ProcessIdentity parse_process(const Json& document);

std::vector<std::string> texts_of(const std::vector<IpAddress>& addresses);
/// @throws Error invalid_argument
std::vector<IpAddress> parse_addresses(const Json& document, std::string_view key);

}  // namespace coracle::network::keeper
