// SPDX-License-Identifier: Apache-2.0
#include "engine/container/mounts/changes.hpp"

#include <algorithm>
#include <array>

#include "coracle/archive/pack_layer.hpp"
#include "coracle/base/error.hpp"
#include "coracle/engine/container_status.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/events.hpp"
#include "engine/container/mounts/root.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {

void require_image(const store::ContainerConfig& config, std::string_view verb) {
  if (config.layers.empty()) {
    throw Error(ErrorClass::invalid_argument,
                "cannot {} container {}: its root file system is a directory", verb, config.name);
  }
}

std::vector<archive::Change> list_changes(Context& context, const store::ContainerConfig& config) {
  const std::string upper = context.containers().upper(ContainerId(config.id));
  const auto layers = layer_directories(context, config);
  if (config.driver != config::k_vfs)
    return archive::list_changes(upper, layers, is_made_by_engine);
  return archive::compare_with_layers(upper, layers, config.id_mappings, is_made_by_engine);
}

bool is_made_by_engine(std::string_view path) {
  // Mount points and files that a start makes: not the container's doing.
  constexpr std::array k_paths = {"dev",
                                  "proc",
                                  "sys",
                                  "etc/hosts",
                                  "etc/hostname",
                                  "etc/resolv.conf",
                                  "etc/apt/apt.conf.d/99root-emulation",
                                  "run/.containerenv",
                                  "run/notify",
                                  "run/secrets"};
  return std::ranges::find(k_paths, path) != k_paths.end();
}

archive::PackOptions options_of_whole_tree(Context& context, const store::ContainerConfig& config) {
  archive::PackOptions pack;
  pack.overlay_upper = false;
  if (config.driver == config::k_vfs) pack.owners = config.id_mappings;
  // The engine's files are in the places of the image's while a chroot runs.
  const bool has_ours =
      config.is_chroot && is_active(context.containers().load_state(ContainerId(config.id)));
  if (has_ours) pack.excluded = is_made_by_engine;
  return pack;
}

std::vector<archive::Change> diff_container(Context& context, const ContainerId& id) {
  const auto config = context.containers().load_config(id);
  require_image(config, "diff");
  context.enter_namespace();
  auto changes = list_changes(context, config);
  // A directory that holds nothing but our own files did not change either.
  for (const char* directory : {"/run", "/etc/apt/apt.conf.d", "/etc/apt", "/etc"}) {
    const std::string prefix = std::string(directory) + "/";
    const bool alone = std::ranges::none_of(
        changes, [&](const archive::Change& change) { return change.path.starts_with(prefix); });
    if (alone) {
      std::erase_if(changes, [&](const archive::Change& change) {
        return change.path == directory && change.kind != archive::ChangeKind::deleted;
      });
    }
  }
  return changes;
}

void export_container(Context& context, const ContainerId& id, int output) {
  const auto config = context.containers().load_config(id);
  const ImageRoot root(context, config);
  const archive::PackOptions pack = options_of_whole_tree(context, config);
  archive::FdSink sink(output, "standard output");
  archive::pack_layer(root.fd(), sink, pack);
  record_event(context, config, "export");
}

}  // namespace coracle::engine
