// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/base/json_value.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/store/network_store.hpp"
#include "support/errors.hpp"

using namespace coracle;
using namespace coracle::store;
using test::error_of;
using test::has;

namespace {

NetworkConfig make_network(const std::string& name, char digit) {
  NetworkConfig config;
  config.name = name;
  config.id = std::string(64, digit);
  config.driver = "bridge";
  config.interface = "coracle1";
  config.created = "2026-01-02T03:04:05Z";
  config.subnets = {{"10.89.0.0/24", "10.89.0.1", "10.89.0.10", "10.89.0.20"},
                    {"fd00:1::/64", "", "", ""}};
  config.routes = {{"10.7.0.0/16", "10.89.0.9", 5}, {"10.8.0.0/16", "10.89.0.9", {}}};
  config.ipv6 = true;
  config.dns_servers = {"9.9.9.9"};
  config.labels = {{"a", "b"}};
  config.options = {{"mtu", "1400"}};
  config.ipam_driver = "host-local";
  return config;
}

}  // namespace

TEST_CASE("a network is read as it was written") {
  const NetworkConfig config = make_network("web", '1');
  const NetworkConfig again = parse_network_config(serialize(config), "web.json");
  CHECK(again.name == config.name);
  CHECK(again.id == config.id);
  CHECK(again.subnets == config.subnets);
  CHECK(again.routes == config.routes);
  CHECK(again.ipv6);
  CHECK_FALSE(again.internal);
  CHECK(again.dns);
  CHECK(again.dns_servers == config.dns_servers);
  CHECK(again.options == config.options);
  CHECK(again.ipam_driver == "host-local");
  CHECK(to_json(again) == to_json(config));
}

TEST_CASE("fields of newer versions are kept, and what is gone is gone") {
  Json document = parse_json(serialize(make_network("web", '1')), "web.json");
  document["later"] = 7;
  NetworkConfig config = parse_network_config(dump_json(document), "web.json");
  config.labels.clear();
  const Json again = parse_json(serialize(config), "web.json");
  CHECK(again.at("later") == 7);
  CHECK_FALSE(again.contains("labels"));
  document["version"] = 99;
  CHECK(has(error_of([&] { parse_network_config(dump_json(document), "web.json"); }).describe(),
            "newer version"));
}

TEST_CASE("damaged records are named") {
  for (const char* text : {"", "[]", "{}", R"({"name":"a","id":"b","driver":"bridge","subnets":7})",
                           R"({"name":"a","id":"b","driver":"bridge","subnets":[{}]})"}) {
    CHECK(has(error_of([&] { parse_network_config(text, "web.json"); }).describe(), "web.json"));
  }
}

TEST_CASE("networks are found by name, by id, and by what an id begins with") {
  const linux::TempDir directory("/tmp", "networks");
  NetworkStore networks(directory.path());
  CHECK(networks.list().empty());
  CHECK_FALSE(networks.try_find("web"));
  {
    const auto lock = networks.lock();
    networks.save_unlocked(make_network("web", 'a'));
    networks.save_unlocked(make_network("db", 'b'));
    networks.save_unlocked(make_network("ba", 'c'));
  }
  CHECK(networks.list().size() == 3);
  CHECK(networks.list().front().name == "ba");
  CHECK(networks.find("web").id[0] == 'a');
  CHECK(networks.find(std::string(64, 'b')).name == "db");
  CHECK(networks.find("aaa").name == "web");
  // A name comes before the beginning of an id.
  CHECK(networks.find("ba").name == "ba");
  CHECK(has(error_of([&] { networks.find("none"); }).describe(),
            "unable to find network with name or ID none: network not found"));
  const auto lock = networks.lock();
  networks.remove_unlocked(networks.find("web"));
  CHECK_FALSE(networks.try_find("web"));
}

TEST_CASE("one damaged network does not hide the others") {
  const linux::TempDir directory("/tmp", "networks");
  NetworkStore networks(directory.path());
  const auto lock = networks.lock();
  networks.save_unlocked(make_network("web", 'a'));
  linux::write_file_atomic(directory.path() + "/networks/bad.json", "{");
  CHECK(networks.list().size() == 1);
}
