// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::engine {

std::vector<ContainerSummary> list_containers(Context& context) {
  std::vector<ContainerSummary> list;
  for (const auto& id : context.containers().list()) {
    try {
      auto state = try_observe(context, id);
      if (!state) continue;
      list.push_back({context.containers().load_config(id), *std::move(state)});
    } catch (const Error& error) {
      if (error.error_class() == ErrorClass::not_found) continue;  // Removed meanwhile.
      log::warn("container {} is left out: {}", id.brief(), error.describe());
    }
  }
  return list;
}

namespace {

/// Of the files below a directory, in bytes.
std::uint64_t tree_size(const std::string& path) {
  std::uint64_t size = 0;
  for (const auto& name : linux::list_directory(path)) {
    const std::string child = path + "/" + name;
    const auto info = linux::stat_if_exists(child);
    if (!info) continue;
    size += S_ISDIR(info->st_mode) ? tree_size(child) : static_cast<std::uint64_t>(info->st_size);
  }
  return size;
}

}  // namespace

ContainerSize size_of_container(Context& context, const store::ContainerConfig& config) {
  context.enter_namespace();
  ContainerSize size;
  size.writable = tree_size(context.containers().upper(ContainerId(config.id)));
  size.root = size.writable;
  if (const auto image = context.images().try_find(config.image_id)) size.root += image->size;
  return size;
}

}  // namespace coracle::engine
