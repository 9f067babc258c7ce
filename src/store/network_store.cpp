// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/network_store.hpp"

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"

namespace coracle::store {
namespace {

constexpr std::string_view k_suffix = ".json";
constexpr std::size_t k_max_record = 1U << 20;

}  // namespace

linux::FileLock NetworkStore::lock() {
  linux::ensure_directory(directory_);
  return linux::FileLock::acquire_directory(directory_, linux::FileLock::Mode::exclusive);
}

std::string NetworkStore::path_of(std::string_view name) const {
  return directory_ + "/" + std::string(name) + std::string(k_suffix);
}

std::vector<NetworkConfig> NetworkStore::list() const {
  std::vector<NetworkConfig> networks;
  if (!linux::exists(directory_)) return networks;
  for (const auto& file : linux::list_directory(directory_)) {
    if (!file.ends_with(k_suffix) || file.starts_with('.')) continue;
    const std::string path = directory_ + "/" + file;
    try {
      const auto text = linux::read_file_if_exists(path, k_max_record);
      if (text) networks.push_back(parse_network_config(*text, path));
    } catch (const Error& error) {
      log::warn("a network is left out: {}", error.describe());
    }
  }
  std::ranges::sort(networks, {}, &NetworkConfig::name);
  return networks;
}

std::optional<NetworkConfig> NetworkStore::try_find(std::string_view name_or_id) const {
  const auto networks = list();
  const NetworkConfig* found = nullptr;
  for (const auto& network : networks) {
    if (network.name == name_or_id || network.id == name_or_id) return network;
    if (name_or_id.empty() || !network.id.starts_with(name_or_id)) continue;
    if (found != nullptr) {
      throw Error(ErrorClass::conflict, "more than one result for network ID {}", name_or_id);
    }
    found = &network;
  }
  if (found == nullptr) return std::nullopt;
  return *found;
}

NetworkConfig NetworkStore::find(std::string_view name_or_id) const {
  if (auto network = try_find(name_or_id)) return *std::move(network);
  throw Error(ErrorClass::not_found, "unable to find network with name or ID {}: network not found",
              name_or_id);
}

void NetworkStore::save_unlocked(const NetworkConfig& config) const {
  linux::write_file_atomic(path_of(config.name), serialize(config));
}

void NetworkStore::remove_unlocked(const NetworkConfig& config) const {
  linux::remove_file(path_of(config.name));
}

}  // namespace coracle::store
