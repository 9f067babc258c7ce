// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/json_value.hpp"
#include "coracle/engine/networks.hpp"

namespace coracle::engine {
Json inspect_network(Context&, const store::NetworkConfig& network) {
  Json document = store::to_json(network);
  document["containers"] = Json::object();
  return document;
}
std::vector<std::string> networks_in_use(Context&) {
  return {};
}
void remove_network(Context& context, std::string_view name, const NetworkRemoval&) {
  context.networks().remove_unlocked(find_network(context, name));
}
void update_network(Context&, std::string_view, const NetworkUpdate&) {}
void connect_network(Context&, std::string_view, const ContainerId&, const ConnectRequest&) {}
void disconnect_network(Context&, std::string_view, const ContainerId&, bool) {}
void reload_network(Context&, const ContainerId&) {}
}  // namespace coracle::engine
