// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/network/user_mode.hpp"

namespace coracle::network {
namespace {

/// The options that podman knows for it, "NAME=VALUE".
struct Options {
  bool allow_host_loopback = false;
  bool ipv6 = true;
  std::string mtu = "65520";
  std::string cidr;
  std::string outbound_v4;
  std::string outbound_v6;
};

bool parse_switch(std::string_view name, std::string_view value) {
  if (value == "true") return true;
  if (value == "false") return false;
  throw Error(ErrorClass::invalid_argument,
              "invalid {} option of slirp4netns: '{}' is neither true nor false", name, value);
}

Options parse_options(const std::vector<std::string>& given) {
  Options options;
  for (const auto& option : given) {
    const auto pair = split_once(option, '=');
    if (!pair) {
      throw Error(ErrorClass::invalid_argument, "unknown option for slirp4netns: '{}'", option);
    }
    const auto& [name, value] = *pair;
    if (name == "allow_host_loopback") {
      options.allow_host_loopback = parse_switch(name, value);
    } else if (name == "enable_ipv6") {
      options.ipv6 = parse_switch(name, value);
    } else if (name == "mtu") {
      options.mtu = value;
    } else if (name == "cidr") {
      options.cidr = Subnet::parse(value, "cidr").str();
    } else if (name == "outbound_addr") {
      options.outbound_v4 = value;
    } else if (name == "outbound_addr6") {
      options.outbound_v6 = value;
    } else if (name != "port_handler") {
      throw Error(ErrorClass::invalid_argument, "unknown option for slirp4netns: '{}'", option);
    }
  }
  return options;
}

}  // namespace

std::vector<std::string> plan_slirp4netns(const UserModePlan& plan, const std::string& name_space,
                                          int ready, int end) {
  const Options options = parse_options(plan.options);
  std::vector<std::string> words = {
      "--configure",
      "--mtu=" + options.mtu,
      "--cidr=" + (options.cidr.empty() ? plan.addresses.subnet.str() : options.cidr),
      "--enable-seccomp",
      "--enable-sandbox",
      fmt::format("--ready-fd={}", ready),
      fmt::format("--exit-fd={}", end)};
  if (!options.allow_host_loopback) words.emplace_back("--disable-host-loopback");
  if (options.ipv6 && plan.addresses.address_v6) words.emplace_back("--enable-ipv6");
  if (!options.outbound_v4.empty()) words.push_back("--outbound-addr=" + options.outbound_v4);
  if (!options.outbound_v6.empty()) words.push_back("--outbound-addr6=" + options.outbound_v6);
  words.insert(words.end(), {"--netns-type=path", name_space, "eth0"});
  return words;
}

}  // namespace coracle::network
