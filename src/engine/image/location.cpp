// SPDX-License-Identifier: Apache-2.0
#include "engine/image/location.hpp"

#include <algorithm>
#include <array>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::engine {
namespace {

struct Known {
  std::string_view prefix;
  Transport transport;
};
constexpr std::array k_known = {
    Known{"docker", Transport::registry},
    Known{"docker-archive", Transport::docker_archive},
    Known{"oci-archive", Transport::oci_archive},
    Known{"oci", Transport::oci_layout},
    Known{"dir", Transport::directory},
    Known{"docker-daemon", Transport::docker_daemon},
    Known{"containers-storage", Transport::storage},
};

bool has_path(Transport transport) {
  return transport == Transport::docker_archive || transport == Transport::oci_archive ||
         transport == Transport::oci_layout || transport == Transport::directory;
}

}  // namespace

std::string_view to_string(Transport transport) noexcept {
  const auto* known = std::ranges::find(k_known, transport, &Known::transport);
  return known == k_known.end() ? "" : known->prefix;
}

std::string ImageLocation::str() const {
  std::string text(to_string(transport));
  if (transport == Transport::registry) return text + "://" + name;
  text += ":" + (has_path(transport) ? path : name);
  if (has_path(transport) && !name.empty()) text += ":" + name;
  return text;
}

ImageLocation parse_location(std::string_view text) {
  const auto pair = split_once(text, ':');
  const auto* known =
      pair ? std::ranges::find(k_known, pair->first, &Known::prefix) : k_known.end();
  // "docker:5000/a" is a registry called docker.
  const bool is_name = known == k_known.end() ||
                       (known->transport == Transport::registry && !pair->second.starts_with("//"));
  if (is_name) return {Transport::registry, "", std::string(text)};
  ImageLocation location{known->transport, "", ""};
  std::string_view rest = pair->second;
  if (location.transport == Transport::registry) rest.remove_prefix(2);
  if (!has_path(location.transport)) {
    location.name = rest;
  } else if (location.transport == Transport::directory) {
    location.path = rest;
  } else {
    const auto parts = split_once(rest, ':');
    location.path = parts ? parts->first : rest;
    if (parts) location.name = parts->second;
  }
  if (location.path.empty() && (has_path(location.transport) || location.name.empty())) {
    throw Error(ErrorClass::invalid_argument, "invalid image '{}': nothing behind the transport",
                text);
  }
  return location;
}

}  // namespace coracle::engine
