// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

#include "coracle/archive/pack_layer.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/container_status.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/events.hpp"
#include "coracle/engine/images.hpp"
#include "engine/container/life/pause.hpp"
#include "engine/container/mounts/changes.hpp"
#include "engine/container/mounts/root.hpp"
#include "engine/image/make.hpp"
#include "engine/request/variables.hpp"

namespace coracle::engine {
namespace {

/// Variables that the engine gives to every container, or takes from the host for this one: they
/// say nothing of the image.
bool is_of_engine(std::string_view entry, const store::ContainerConfig& config) {
  constexpr std::array k_names = {"container", "container_uuid", "http_proxy", "https_proxy",
                                  "ftp_proxy", "no_proxy",       "HTTP_PROXY", "HTTPS_PROXY",
                                  "FTP_PROXY", "NO_PROXY"};
  const std::string_view name = entry.substr(0, entry.find('='));
  return std::ranges::find(k_names, name) != k_names.end() ||
         (config.terminal && entry == "TERM=xterm");
}

/// What the container was made with becomes what the image is for.
oci::ContainerConfig config_of_image(const store::ContainerConfig& config,
                                     const oci::ContainerConfig& base, bool with_volumes) {
  oci::ContainerConfig result = base;
  result.raw = nullptr;
  std::vector<std::string> env = config.env;
  std::erase_if(env, [&](const std::string& entry) { return is_of_engine(entry, config); });
  set_variables(result.env, env);
  result.entrypoint.reset();
  if (!config.entrypoint.empty()) result.entrypoint = config.entrypoint;
  result.cmd.reset();
  if (!config.command.empty()) result.cmd = config.command;
  result.user = config.user;
  result.working_dir = config.working_directory;
  result.labels = config.labels;
  result.exposed_ports.insert(config.exposed_ports.begin(), config.exposed_ports.end());
  for (const auto& port : config.ports) {
    for (int i = 0; i < port.range; ++i) {
      result.exposed_ports.insert(fmt::format("{}/{}", port.container_port + i, port.protocol));
    }
  }
  if (config.health) result.healthcheck = config.health->check;
  for (const auto& mount : config.mounts) {
    if (with_volumes && mount.type != "tmpfs") result.volumes.insert(mount.destination);
  }
  return result;
}

/// docker's JSON of a container's configuration, member by member over what there is.
void merge_config_file(const std::string& path, oci::ContainerConfig& config) {
  const Json asked = parse_json(linux::read_file(path, oci::k_max_image_config_size), path);
  Json document = parse_json(oci::serialize(oci::ImageConfig{.config = config}), path);
  for (const auto& [name, value] : asked.items()) document["config"][name] = value;
  document["rootfs"] = {{"type", "layers"}, {"diff_ids", Json::array()}};
  config = oci::parse_image_config(dump_json(document), path).config;
}

/// The layer of what the container has changed.
void write_changes(Context& context, const store::ContainerConfig& config,
                   archive::ByteSink& sink) {
  archive::PackOptions pack;
  pack.excluded = is_made_by_engine;
  std::vector<archive::Change> changes;
  if (config.driver == config::k_vfs) {
    changes = list_changes(context, config);
    pack.overlay_upper = false;
    pack.changes = &changes;
    pack.owners = config.id_mappings;
  }
  const linux::Fd upper =
      linux::open_file(context.containers().upper(ContainerId(config.id)), O_RDONLY | O_DIRECTORY);
  archive::pack_layer(upper.get(), sink, pack);
}

}  // namespace

std::string commit_container(Context& context, const ContainerId& id,
                             const CommitRequest& request) {
  const auto config = context.containers().load_config(id);
  require_image(config, "commit");
  const auto state = observe(context, id);
  const bool pause = request.pause && is_running(state) && !state.cgroup.empty();
  std::optional<PausedForNow> paused;
  if (pause) paused.emplace(context, id);
  ImageAddition addition(context);
  const store::Image base = context.images().load(context.images().find(config.image_id));
  NewImage image;
  image.base = &base;
  image.docker_format = request.docker_format;
  image.squashed = request.squash;
  image.author = request.author.empty() ? base.config.author : request.author;
  image.comment = request.message;
  image.created_by = join(config.entrypoint, " ") + (config.entrypoint.empty() ? "" : " ") +
                     join(config.command, " ");
  image.config = config_of_image(config, base.config.config, request.include_volumes);
  if (!request.config_file.empty()) merge_config_file(request.config_file, image.config);
  apply_changes(request.changes, image.config);
  if (!request.name.empty()) image.names = {store::local_image_name(request.name)};
  std::optional<ImageRoot> root;
  if (request.squash) root.emplace(context, config);
  image.write_layer = [&](archive::ByteSink& sink) {
    if (!root) return write_changes(context, config, sink);
    archive::pack_layer(root->fd(), sink, options_of_whole_tree(context, config));
  };
  std::string made = make_image(addition, image);
  record_event(context, config, "commit");
  return made;
}

}  // namespace coracle::engine
