// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/ids.hpp"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <vector>

#include "coracle/base/error.hpp"

namespace coracle {
namespace {

constexpr std::array k_moods = {
    "amber", "bold",   "brave", "bright", "brisk", "calm",  "clear",  "clever", "coastal", "cosy",
    "deft",  "eager",  "early", "fair",   "fine",  "fleet", "gentle", "glad",   "golden",  "grand",
    "happy", "hardy",  "keen",  "kind",   "light", "lucky", "merry",  "mild",   "neat",    "nimble",
    "noble", "plucky", "proud", "quick",  "quiet", "ready", "salty",  "sharp",  "silver",  "sleek",
    "snug",  "sound",  "spry",  "steady", "still", "sunny", "swift",  "tidy",   "trim",    "warm"};
constexpr std::array k_things = {
    "anchor",  "beacon",  "bollard", "boom",   "breeze", "buoy",   "canoe",   "channel", "cove",
    "creek",   "current", "delta",   "dinghy", "dock",   "eddy",   "estuary", "ferry",   "fjord",
    "gull",    "harbour", "heron",   "inlet",  "island", "jetty",  "kayak",   "keel",    "lagoon",
    "lantern", "mast",    "oar",     "osprey", "otter",  "paddle", "pier",    "punt",    "quay",
    "raft",    "reef",    "ripple",  "river",  "rudder", "sail",   "seal",    "shoal",   "skiff",
    "tern",    "thwart",  "tide",    "tiller", "wharf"};

void fill_random(unsigned char* bytes, std::size_t size) {
  if (::getrandom(bytes, size, 0) != static_cast<ssize_t>(size)) {
    throw SysError("cannot read {} random bytes", size);
  }
}

}  // namespace

std::string random_hex(std::size_t bytes) {
  constexpr std::string_view k_digits = "0123456789abcdef";
  std::vector<unsigned char> raw(bytes);
  fill_random(raw.data(), raw.size());
  std::string text;
  text.reserve(bytes * 2);
  for (const unsigned char byte : raw) {
    text += k_digits[byte >> 4];
    text += k_digits[byte & 15];
  }
  return text;
}

std::string random_id() {
  return random_hex(k_id_length / 2);
}

std::string random_name() {
  std::array<std::uint16_t, 2> pick{};
  fill_random(reinterpret_cast<unsigned char*>(pick.data()), sizeof pick);
  return std::string(k_moods[pick[0] % k_moods.size()]) + "_" + k_things[pick[1] % k_things.size()];
}

std::string short_id(std::string_view id) {
  return std::string(id.substr(0, k_short_id_length));
}

}  // namespace coracle
