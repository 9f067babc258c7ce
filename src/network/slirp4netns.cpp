// SPDX-License-Identifier: Apache-2.0
#include "network/slirp4netns.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"

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

std::string socket_path(int directory) {
  return fmt::format("/proc/self/fd/{}/slirp4netns.sock", directory);
}

/// Sends one request and hears the answer; slirp4netns takes one on each connection.
Json ask(const std::string& path, const Json& request) {
  const linux::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw Error(ErrorClass::invalid_argument, "the path of a socket is too long: '{}'", path);
  }
  path.copy(address.sun_path, path.size());
  if (!socket ||
      ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw SysError("cannot talk to slirp4netns at '{}'", path);
  }
  linux::write_all(socket.get(), dump_json(request), path);
  ::shutdown(socket.get(), SHUT_WR);
  return parse_json(linux::read_all(socket.get(), 1U << 20), "answer of slirp4netns");
}

}  // namespace

std::vector<std::string> plan_slirp4netns(const UserModePlan& plan, const std::string& name_space,
                                          int ready, int end, int directory) {
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
  if (!plan.ports.empty()) words.push_back("--api-socket=" + socket_path(directory));
  words.insert(words.end(), {"--netns-type=path", name_space, "eth0"});
  return words;
}

void publish_by_slirp4netns(const UserModePlan& plan, int directory) {
  for (const auto& mapping : plan.ports) {
    if (mapping.protocol == Protocol::sctp) {
      throw Error(ErrorClass::invalid_argument,
                  "slirp4netns publishes no SCTP ports: {}/sctp needs a bridge network",
                  mapping.container);
    }
    for (std::uint16_t i = 0; i < mapping.count; ++i) {
      Json arguments = {{"proto", to_string(mapping.protocol)},
                        {"host_port", mapping.host + i},
                        {"guest_addr", plan.addresses.address.str()},
                        {"guest_port", mapping.container + i}};
      if (mapping.address) arguments["host_addr"] = mapping.address->str();
      const Json answer =
          ask(socket_path(directory), {{"execute", "add_hostfwd"}, {"arguments", arguments}});
      const auto error = answer.find("error");
      if (error == answer.end()) continue;
      throw Error(ErrorClass::unavailable, "slirp4netns cannot publish port {}/{}: {}",
                  mapping.host + i, to_string(mapping.protocol), error->value("desc", ""));
    }
  }
}

}  // namespace coracle::network
