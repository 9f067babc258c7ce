// SPDX-License-Identifier: Apache-2.0
#include "engine/container/resolve/resolve.hpp"

#include "coracle/base/ids.hpp"
#include "coracle/base/time.hpp"
#include "engine/container/chroot/chroot.hpp"
#include "engine/pod/membership.hpp"
#include "engine/request/options.hpp"
#include "engine/secret/container_secrets.hpp"
#include "engine/storage_driver.hpp"

namespace coracle::engine {
namespace {

void resolve_labels(const ContainerRequest& request, const oci::ContainerConfig& image,
                    store::ContainerConfig& config) {
  config.labels = image.labels;
  for (auto& [key, value] : read_labels(request.label_files, request.labels)) {
    config.labels[key] = value;
  }
  config.annotations = parse_key_values(request.annotations, "annotation");
}

}  // namespace

store::ContainerConfig resolve_request(Context& context, ContainerRequest request,
                                       const PullImage& pull) {
  store::ContainerConfig config;
  const Error* lack = context.lack_of_namespaces();
  if (lack != nullptr) fit_to_chroot(*lack, request);
  config.is_chroot = lack != nullptr;
  std::string infra;
  if (request.is_infra) {
    config.is_infra = true;
    config.pod = request.pod;
  } else if (const auto pod = join_pod(context, request)) {
    config.pod = pod->id;
    infra = pod->infra;
  }
  config.id = random_id();
  config.name = request.name.empty() ? random_name() : request.name;
  require_valid_name(config.name);
  config.created = format_rfc3339_local(now());
  config.create_command = request.create_command;
  config.terminal = request.terminal;
  oci::ContainerConfig image;
  resolve_image(context, request, pull, config, image);
  resolve_process(context, request, image, config);
  resolve_labels(request, image, config);
  resolve_isolation(context, request, config);
  resolve_network(context, request, image, config);
  resolve_sysctls(context, request, config);
  resolve_host_users(request, config);
  resolve_names(context.config(), request, config);
  take_over_from_pod(context, config);
  resolve_mounts(context, request, image, config);
  resolve_secrets(context, request, config);
  if (!infra.empty()) {
    inherit_files(context.containers().load_config(ContainerId(infra)), config);
  }
  config.read_only = request.read_only;
  config.read_only_tmpfs = request.read_only_tmpfs;
  config.shm_size = request.shm_size.empty() ? context.config().shm_size
                                             : parse_size_option(request.shm_size, "--shm-size");
  config.health = resolve_health(request.health, image);
  resolve_keeping(context, request, config);
  config.host_address = context.config().host_containers_internal_ip;
  resolve_special(context, request, image, config);
  const bool has_layers = config.rootfs_path.empty() && !config.is_infra;
  config.driver = has_layers ? choose_driver(context) : "";
  if (lack != nullptr) require_no_mounts(*lack, config);
  return config;
}

}  // namespace coracle::engine
