// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/engine/containers.hpp"

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

std::vector<std::string> layers_in_use(Context& context) {
  std::set<std::string> layers;
  for (const auto& id : context.containers().list()) {
    try {
      const auto config = context.containers().load_config(id);
      layers.insert(config.layers.begin(), config.layers.end());
    } catch (const Error& error) {
      // Without its record nobody knows what it needs: then nothing may be thrown away.
      if (error.error_class() != ErrorClass::not_found) throw;
    }
  }
  return {layers.begin(), layers.end()};
}

}  // namespace coracle::engine
