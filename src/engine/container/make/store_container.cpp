// SPDX-License-Identifier: Apache-2.0
#include "engine/container/make/store_container.hpp"

#include <fcntl.h>

#include "coracle/archive/layers.hpp"
#include "coracle/engine/events.hpp"
#include "coracle/linux/file.hpp"
#include "engine/apart.hpp"
#include "engine/container/chroot/chroot.hpp"
#include "engine/container/record/belongings.hpp"
#include "engine/container/record/dependencies.hpp"
#include "engine/pod/membership.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {

namespace {

void fill_vfs(Context& context, const store::ContainerConfig& config, const std::string& upper) {
  const linux::Fd directory = linux::open_file(upper, O_RDONLY | O_DIRECTORY);
  archive::copy_layers(layer_directories(context, config), directory.get(), config.id_mappings);
}

/// Who removes a network looks for containers first: one of both sees the other.
void require_networks(Context& context, const store::ContainerConfig& config) {
  if (config.networks.empty()) return;
  const auto lock = context.networks().lock();
  for (const auto& connection : config.networks) {
    context.networks().find(connection.network);
  }
}

/// Likewise of pods: who makes one looks whether its name is a container's.
void require_pod(Context& context, const store::ContainerConfig& config) {
  const auto lock = context.pods().lock();
  require_no_pod_of_name(context, config.name);
  if (config.pod.empty()) return;
  if (!context.pods().try_load(config.pod)) context.pods().find(config.pod);
}

}  // namespace

void store_container(Context& context, const store::ContainerConfig& config) {
  const Error* lack = config.is_chroot ? context.lack_of_namespaces() : nullptr;
  if (lack != nullptr) require_layers(*lack, config);
  std::function<void(const std::string&)> fill;
  if (config.driver == config::k_vfs) {
    fill = [&](const std::string& upper) {
      in_namespace_apart(context, [&] { fill_vfs(context, config, upper); });
    };
  }
  note_dependencies(context, config);
  context.containers().create(config, fill);
  bool has_belongings = false;
  try {
    require_networks(context, config);
    require_pod(context, config);
    has_belongings = true;
    obtain_belongings(context, config);
  } catch (...) {
    context.containers().discard(ContainerId(config.id));
    if (has_belongings) release_belongings(context, config, AnonymousVolumes::go);
    throw;
  }
  record_event(context, config, "create");
}

}  // namespace coracle::engine
