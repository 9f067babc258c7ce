// SPDX-License-Identifier: Apache-2.0
#include "engine/storage.hpp"

#include <fmt/format.h>
#include <set>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/mount.hpp"
#include "coracle/linux/process.hpp"

namespace coracle::engine {
namespace {

/// One more does not matter to those: not to the kernel's limits, nor to the time of a look-up.
constexpr std::size_t k_few_layers = 60;

/// Whether each file of LayerStore::ensure_mount_points() is mounted on.
bool has_all_files(const store::ContainerConfig& config) {
  return !config.no_hosts && !config.no_hostname &&
         config.network.mode != store::NamespaceMode::container;
}

void leave_out_repeated(linux::RootfsPlan& plan) {
  std::set<std::string> seen;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < plan.lower.size(); ++i) {
    if (!seen.insert(plan.lower[i]).second) continue;
    plan.lower[kept] = plan.lower[i];
    plan.short_lower[kept++] = plan.short_lower[i];
  }
  plan.lower.resize(kept);
  plan.short_lower.resize(kept);
}

}  // namespace

std::string shift_option(const char* option, const std::vector<linux::IdRange>& container) {
  // Each range of the container's map is the answer itself: id `inside` of the image has to appear
  // as `outside`.
  std::string text = option;
  for (const auto& range : container) {
    text += fmt::format("{}{}:{}:{}", text.ends_with('=') ? "" : ":", range.inside, range.outside,
                        range.size);
  }
  return text;
}

linux::RootfsPlan plan_rootfs(Context& context, const store::ContainerConfig& config,
                              MountPoints mount_points) {
  using Kind = linux::RootfsPlan::Kind;
  linux::RootfsPlan plan;
  if (!config.rootfs_path.empty()) {
    plan.mount_point = config.rootfs_path;
    return plan;
  }
  const ContainerId id(config.id);
  auto& containers = context.containers();
  if (config.is_infra) {
    plan.mount_point = containers.upper(id);  // Nothing is in there.
    return plan;
  }
  const auto& layers = context.images().layers();
  if (config.driver == config::k_vfs) {
    plan.mount_point = containers.upper(id);
    return plan;
  }
  const bool shifted = !config.id_mappings.empty();
  plan.kind =
      config.driver == config::k_fuse_overlayfs || shifted ? Kind::fuse_overlayfs : Kind::overlay;
  plan.mount_point = containers.merged(id);
  linux::ensure_directory(containers.run_directory(id));
  linux::ensure_directory(plan.mount_point);
  plan.upper = containers.upper(id);
  plan.work = containers.work(id);
  plan.short_base = layers.short_base();
  for (const auto& text : config.layers) {
    const Digest diff_id = Digest::parse(text);
    plan.lower.push_back(layers.path(diff_id));
    plan.short_lower.push_back(layers.short_path(diff_id));
  }
  const bool is_wanted = mount_points == MountPoints::below && has_all_files(config);
  if (is_wanted && plan.lower.size() < k_few_layers) {
    plan.lower.push_back(layers.ensure_mount_points());
    plan.short_lower.push_back(layers.short_mount_points());
  }
  if (plan.kind == Kind::overlay) {
    plan.userxattr = context.config().rootless;
  } else if (shifted) {
    plan.options.push_back(shift_option("uidmapping=", config.id_mappings.uids));
    plan.options.push_back(shift_option("gidmapping=", config.id_mappings.gids));
  }
  settle_layers(plan);
  return plan;
}

void settle_layers(linux::RootfsPlan& plan) {
  leave_out_repeated(plan);
  if (plan.kind != linux::RootfsPlan::Kind::overlay) return;
  const std::size_t most = linux::max_overlay_layers();
  if (plan.lower.size() <= most) return;
  Error error(ErrorClass::invalid_argument,
              "{} layers are too many: this kernel's overlayfs takes {}", plan.lower.size(), most);
  error.set_hint(
      "have fewer instructions change files, build the image with --squash-all, or use the storage "
      "driver fuse-overlayfs");
  throw error;
}

std::vector<std::string> layer_directories(Context& context, const store::ContainerConfig& config) {
  std::vector<std::string> directories;
  for (const auto& diff_id : config.layers) {
    directories.push_back(context.images().layers().path(Digest::parse(diff_id)));
  }
  return directories;
}

std::vector<std::string> root_directories(Context& context, const store::ContainerConfig& config) {
  if (!config.rootfs_path.empty()) return {config.rootfs_path};
  std::vector<std::string> directories;
  if (config.driver != config::k_vfs) directories = layer_directories(context, config);
  directories.insert(directories.begin(), context.containers().upper(ContainerId(config.id)));
  return directories;
}

}  // namespace coracle::engine
