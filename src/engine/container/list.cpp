// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/store/usage.hpp"

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

ContainerSize size_of_container(Context& context, const store::ContainerConfig& config) {
  context.enter_namespace();
  ContainerSize size;
  size.writable = store::measure_tree(context.containers().upper(ContainerId(config.id)));
  size.root = size.writable;
  if (const auto image = context.images().try_find(config.image_id)) size.root += image->size;
  return size;
}

}  // namespace coracle::engine
