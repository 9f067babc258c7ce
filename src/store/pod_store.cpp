// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/pod_store.hpp"

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"

namespace coracle::store {
namespace {

constexpr std::string_view k_suffix = ".json";
constexpr std::size_t k_max_record = 1U << 20;

}  // namespace

linux::FileLock PodStore::lock() {
  linux::ensure_directory(directory_);
  return linux::FileLock::acquire_directory(directory_, linux::FileLock::Mode::exclusive);
}

std::string PodStore::path_of(std::string_view id) const {
  return directory_ + "/" + std::string(id) + std::string(k_suffix);
}

std::vector<PodConfig> PodStore::list() const {
  std::vector<PodConfig> pods;
  if (!linux::exists(directory_)) return pods;
  for (const auto& file : linux::list_directory(directory_)) {
    if (!file.ends_with(k_suffix) || file.starts_with('.')) continue;
    const std::string path = directory_ + "/" + file;
    try {
      const auto text = linux::read_file_if_exists(path, k_max_record);
      if (text) pods.push_back(parse_pod_config(*text, path));
    } catch (const Error& error) {
      log::warn("a pod is left out: {}", error.describe());
    }
  }
  std::ranges::sort(pods, [](const PodConfig& a, const PodConfig& b) {
    return a.created != b.created ? a.created < b.created : a.id < b.id;
  });
  return pods;
}

std::optional<PodConfig> PodStore::try_find(std::string_view name_or_id) const {
  const auto pods = list();
  const PodConfig* found = nullptr;
  for (const auto& pod : pods) {
    if (pod.name == name_or_id || pod.id == name_or_id) return pod;
    if (name_or_id.empty() || !pod.id.starts_with(name_or_id)) continue;
    if (found != nullptr) {
      throw Error(ErrorClass::conflict,
                  "more than one result for ID or name {}: pod already exists", name_or_id);
    }
    found = &pod;
  }
  if (found == nullptr) return std::nullopt;
  return *found;
}

PodConfig PodStore::find(std::string_view name_or_id) const {
  if (auto pod = try_find(name_or_id)) return *std::move(pod);
  throw Error(ErrorClass::not_found, "no pod with name or ID {} found: no such pod", name_or_id);
}

std::optional<PodConfig> PodStore::try_load(const std::string& id) const {
  const std::string path = path_of(id);
  const auto text = linux::read_file_if_exists(path, k_max_record);
  if (!text) return std::nullopt;
  return parse_pod_config(*text, path);
}

void PodStore::save_unlocked(const PodConfig& config) const {
  linux::write_file_atomic(path_of(config.id), serialize(config));
}

void PodStore::remove_unlocked(const PodConfig& config) const {
  linux::remove_file(path_of(config.id));
}

}  // namespace coracle::store
