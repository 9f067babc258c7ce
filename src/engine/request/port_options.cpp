// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/network/address.hpp"
#include "coracle/network/port.hpp"
#include "engine/request/options.hpp"

namespace coracle::engine {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(ErrorClass::invalid_argument, "invalid port '{}': {}", text, why);
}

std::uint16_t parse_port(std::string_view digits, std::string_view text) {
  const auto port = parse_int(digits);
  if (!port || digits.starts_with('+')) refuse(text, "a port is a number");
  if (*port < 1 || *port > UINT16_MAX) refuse(text, "port numbers must be between 1 and 65535");
  return static_cast<std::uint16_t>(*port);
}

/// Takes "/udp" off the end.
std::string take_protocol(std::string_view& rest, std::string_view text) {
  const auto slash = rest.rfind('/');
  if (slash == std::string_view::npos) return "tcp";
  const std::string name = to_lower(rest.substr(slash + 1));
  rest = rest.substr(0, slash);
  if (!network::parse_protocol(name)) refuse(text, "the protocol is tcp, udp or sctp");
  return name;
}

/// Takes the address off the front: "127.0.0.1:", "[::1]:".
std::string take_address(std::string_view& rest, std::string_view text) {
  std::string_view address;
  if (rest.starts_with('[')) {
    const auto end = rest.find("]:");
    if (end == std::string_view::npos) refuse(text, "there is no end to the IPv6 address");
    address = rest.substr(1, end - 1);
    rest = rest.substr(end + 2);
  } else {
    const auto last = rest.rfind(':');
    const auto before = last == std::string_view::npos || last == 0 ? std::string_view::npos
                                                                    : rest.rfind(':', last - 1);
    if (before == std::string_view::npos) return "";
    address = rest.substr(0, before);
    rest = rest.substr(before + 1);
    if (address.empty()) return "";
    if (address.find(':') != std::string_view::npos)
      refuse(text, "IPv6 addresses stand in brackets");
  }
  const auto parsed = network::IpAddress::try_parse(address);
  if (!parsed) refuse(text, "'" + std::string(address) + "' is no IP address");
  return parsed->str();
}

}  // namespace

PortRange parse_port_range(std::string_view digits, std::string_view text) {
  const auto pair = split_once(digits, '-');
  if (!pair) return {parse_port(digits, text), 1};
  const std::uint16_t first = parse_port(pair->first, text);
  const std::uint16_t last = parse_port(pair->second, text);
  if (last < first) refuse(text, "the range ends before it begins");
  return {first, static_cast<std::uint16_t>(last - first + 1)};
}

PublishOption parse_publish(std::string_view text) {
  PublishOption option;
  std::string_view rest = text;
  option.protocol = take_protocol(rest, text);
  option.host_ip = take_address(rest, text);
  const auto pair = split_once(rest, ':');
  option.container = parse_port_range(pair ? pair->second : rest, text);
  if (pair && !pair->first.empty()) {
    option.host = parse_port_range(pair->first, text);
    if (option.host->count != option.container.count && option.container.count != 1) {
      refuse(text, "the ranges of the host's and the container's ports differ in length");
    }
  }
  return option;
}

ExposeOption parse_expose(std::string_view text) {
  std::string_view rest = text;
  ExposeOption option;
  option.protocol = take_protocol(rest, text);
  option.ports = parse_port_range(rest, text);
  return option;
}

}  // namespace coracle::engine
