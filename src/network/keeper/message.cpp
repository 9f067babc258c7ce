// SPDX-License-Identifier: Apache-2.0
#include "network/keeper/message.hpp"

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"

namespace coracle::network::keeper {
namespace {

IpAddress parse_address(const Json& document, std::string_view key) {
  return IpAddress::parse(json::require_string(document, key), key);
}

Subnet parse_subnet(const Json& document, std::string_view key) {
  return Subnet::parse(json::require_string(document, key), key);
}

std::optional<IpAddress> parse_optional_address(const Json& document, std::string_view key) {
  const std::string text = json::get_string(document, key);
  if (text.empty()) return std::nullopt;
  return IpAddress::parse(text, key);
}

MacAddress parse_mac(const std::string& text) {
  if (const auto mac = try_parse_mac(text)) return *mac;
  throw Error(ErrorClass::invalid_argument, "'{}' is no MAC address", text);
}

Json network_json(const VirtualNetwork& network) {
  Json subnets = Json::array();
  for (const auto& part : network.subnets) {
    Json entry = {{"subnet", part.subnet.str()},
                  {"first", part.range.first.str()},
                  {"last", part.range.last.str()}};
    if (part.gateway) entry["gateway"] = part.gateway->str();
    subnets.push_back(std::move(entry));
  }
  Json routes = Json::array();
  for (const auto& route : network.routes) {
    Json entry = {{"destination", route.destination.str()}, {"gateway", route.gateway.str()}};
    if (route.metric) entry["metric"] = *route.metric;
    routes.push_back(std::move(entry));
  }
  return {{"name", network.name},
          {"driver", to_string(network.driver)},
          {"interface", network.interface},
          {"mode", network.mode},
          {"subnets", subnets},
          {"routes", routes},
          {"internal", network.internal},
          {"mtu", network.mtu},
          {"isolated", network.isolated}};
}

Driver parse_driver_name(const std::string& text) {
  if (const auto driver = parse_driver(text)) return *driver;
  throw Error(ErrorClass::invalid_argument, "'{}' is no driver of networks", text);
}

VirtualNetwork parse_network(const Json& document) {
  VirtualNetwork network;
  network.name = json::require_string(document, "name");
  network.driver = parse_driver_name(json::require_string(document, "driver"));
  network.interface = json::require_string(document, "interface");
  network.mode = json::get_string(document, "mode");
  for (const Json& entry : json::require(document, "subnets")) {
    network.subnets.push_back({parse_subnet(entry, "subnet"),
                               parse_optional_address(entry, "gateway"),
                               {parse_address(entry, "first"), parse_address(entry, "last")}});
  }
  for (const Json& entry : json::require(document, "routes")) {
    StaticRoute route{parse_subnet(entry, "destination"), parse_address(entry, "gateway"), {}};
    if (const auto metric = json::get_optional_int(entry, "metric")) {
      route.metric = static_cast<std::uint32_t>(*metric);
    }
    network.routes.push_back(route);
  }
  network.internal = json::get_bool(document, "internal");
  network.isolated = json::get_bool(document, "isolated");
  network.mtu = static_cast<unsigned>(json::get_int(document, "mtu"));
  return network;
}

Json request_json(const AttachRequest& request) {
  Json document = {{"container", request.container},
                   {"interface", request.interface},
                   {"addresses", texts_of(request.addresses)}};
  if (request.default_route_metric) document["metric"] = *request.default_route_metric;
  if (request.mac) document["mac"] = to_string(*request.mac);
  return document;
}

AttachRequest parse_request(const Json& document) {
  AttachRequest request;
  request.container = json::require_string(document, "container");
  request.interface = json::require_string(document, "interface");
  request.addresses = parse_addresses(document, "addresses");
  const std::string mac = json::get_string(document, "mac");
  if (!mac.empty()) request.mac = parse_mac(mac);
  if (const auto metric = json::get_optional_int(document, "metric")) {
    request.default_route_metric = static_cast<std::uint32_t>(*metric);
  }
  return request;
}

Json attachment_json(const Attachment& attachment) {
  Json addresses = Json::array();
  for (const auto& entry : attachment.addresses) {
    addresses.push_back({{"address", entry.address.str()}, {"prefix", entry.prefix}});
  }
  return {{"interface", attachment.interface},
          {"addresses", addresses},
          {"gateways", texts_of(attachment.gateways)},
          {"mac", to_string(attachment.mac)}};
}

Attachment parse_attachment(const Json& document) {
  Attachment attachment;
  attachment.interface = json::require_string(document, "interface");
  for (const Json& entry : json::require(document, "addresses")) {
    attachment.addresses.push_back({parse_address(entry, "address"),
                                    static_cast<unsigned>(json::require_int(entry, "prefix"))});
  }
  attachment.gateways = parse_addresses(document, "gateways");
  attachment.mac = parse_mac(json::require_string(document, "mac"));
  return attachment;
}

}  // namespace

std::vector<std::string> texts_of(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> texts;
  for (const auto& address : addresses) texts.push_back(address.str());
  return texts;
}

std::vector<IpAddress> parse_addresses(const Json& document, std::string_view key) {
  std::vector<IpAddress> addresses;
  for (const auto& text : json::get_strings(document, key)) {
    addresses.push_back(IpAddress::parse(text, key));
  }
  return addresses;
}

Json to_json(const ConnectPlan& plan) {
  return {{"network", network_json(plan.network)},
          {"network_names",
           {{"by_container", plan.network_names.by_container},
            {"servers", texts_of(plan.network_names.servers)}}},
          {"request", request_json(plan.request)},
          {"names", plan.names},
          {"servers", texts_of(plan.servers)}};
}

ConnectPlan parse_connect_plan(const Json& document) {
  ConnectPlan plan;
  plan.network = parse_network(json::require(document, "network"));
  const Json& names = json::require(document, "network_names");
  plan.network_names = {json::get_bool(names, "by_container"), parse_addresses(names, "servers")};
  plan.request = parse_request(json::require(document, "request"));
  plan.names = json::get_strings(document, "names");
  plan.servers = parse_addresses(document, "servers");
  return plan;
}

Json to_json(const Connected& connected) {
  Json document = {{"attachment", attachment_json(connected.attachment)},
                   {"name_servers", texts_of(connected.name_servers)}};
  if (connected.host_address) document["host"] = connected.host_address->str();
  return document;
}

Connected parse_connected(const Json& document) {
  return {parse_attachment(json::require(document, "attachment")),
          parse_addresses(document, "name_servers"), parse_optional_address(document, "host")};
}

Json to_json(const linux::ProcessIdentity& process) {
  return {{"pid", process.pid}, {"start_time", process.start_time}};
}

linux::ProcessIdentity parse_process(const Json& document) {
  return {static_cast<pid_t>(json::require_int(document, "pid")),
          static_cast<std::uint64_t>(json::require_int(document, "start_time"))};
}

}  // namespace coracle::network::keeper
