// SPDX-License-Identifier: Apache-2.0
#include "engine/container/mounts/root.hpp"

#include <fcntl.h>
#include <sys/mount.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/engine/container_status.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/linux/mount.hpp"
#include "coracle/linux/namespaces.hpp"
#include "engine/container/chroot/placed_files.hpp"
#include "engine/container/mounts/root_mounts.hpp"
#include "engine/container/mounts/volatile_mark.hpp"
#include "engine/container/record/belongings.hpp"
#include "engine/fuse_mount.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {
namespace {

/// A mount of its own, for those in it to go with.
void mount_on_itself(const std::string& place) {
  const linux::Fd directory = linux::open_file(place, O_PATH | O_DIRECTORY);
  const linux::Fd tree = linux::clone_mount(directory.get(), linux::Submounts::included, place);
  linux::attach_mount(tree.get(), directory.get(), place);
}

}  // namespace

ContainerRoot::ContainerRoot(Context& context, const ContainerId& id, Volumes volumes) {
  const auto config = context.containers().load_config(id);
  auto state = observe(context, id);
  context.enter_namespace();
  if (is_active(state)) {
    open_running(context, config, state);
    return;
  }
  lock_ = context.containers().lock(id);
  state = context.containers().load_state(id);
  if (is_active(state)) {  // Started meanwhile.
    lock_.reset();
    open_running(context, config, state);
    return;
  }
  linux::RootfsPlan plan = plan_rootfs(context, config);
  take_back_files(plan.mount_point, context.containers().set_aside(id));
  if (plan.kind != linux::RootfsPlan::Kind::directory && !linux::is_mount_point(plan.mount_point)) {
    context.enter_mount_namespace();
    allow_mount_again(plan, state);
    (void)mount_rootfs(plan, ServerLife::ends_with_us);
    mounted_ = plan.mount_point;
  }
  if (volumes == Volumes::mounted && has_lasting_mounts(config)) {
    repair_belongings(context, config);
    context.enter_mount_namespace();
    if (mounted_.empty()) {
      mount_on_itself(plan.mount_point);
      mounted_ = plan.mount_point;
    }
    mount_lasting(context, config, plan.mount_point);
  }
  root_ = linux::open_file(plan.mount_point, O_RDONLY | O_DIRECTORY);
}

void ContainerRoot::open_running(Context& context, const store::ContainerConfig& config,
                                 const store::ContainerState& state) {
  if (config.is_chroot) {
    root_ = linux::open_file(plan_rootfs(context, config).mount_point, O_RDONLY | O_DIRECTORY);
    return;
  }
  root_ = linux::open_file(fmt::format("/proc/{}/root", state.process.pid), O_RDONLY | O_DIRECTORY);
  // The number may have become another process' since it was looked up.
  if (!linux::is_alive(state.process)) {
    throw Error(ErrorClass::conflict, "the container has just ended");
  }
}

linux::Fd copy_root_mount(const linux::ProcessIdentity& process) {
  const linux::Fd name_space =
      linux::open_file(fmt::format("/proc/{}/ns/mnt", process.pid), O_RDONLY);
  linux::Fd tree;
  linux::in_mount_namespace(name_space.get(), [&] {
    tree = linux::try_clone_mount(AT_FDCWD, "/", linux::Submounts::left_out);
  });
  if (!tree || !linux::is_alive(process)) {
    throw Error(ErrorClass::conflict, "the container has just ended");
  }
  return tree;
}

ContainerRoot::~ContainerRoot() {
  root_.reset();
  if (!mounted_.empty()) ::umount2(mounted_.c_str(), MNT_DETACH);
}

ImageRoot::ImageRoot(Context& context, const store::ContainerConfig& config) {
  context.enter_namespace();
  linux::RootfsPlan plan = plan_rootfs(context, config, MountPoints::left_out);
  using Kind = linux::RootfsPlan::Kind;
  if (plan.kind != Kind::directory) {
    // A running container's upper directory is one of the lower ones here: it is only read.
    plan.kind = config.driver == config::k_fuse_overlayfs ? Kind::fuse_overlayfs : Kind::overlay;
    plan.lower.insert(plan.lower.begin(), plan.upper);
    plan.short_lower.insert(plan.short_lower.begin(), plan.upper);
    plan.upper.clear();
    plan.work.clear();
    plan.options.clear();
    context.enter_mount_namespace();
    (void)mount_rootfs(plan, ServerLife::ends_with_us);
    mounted_ = plan.mount_point;
  }
  root_ = linux::open_file(plan.mount_point, O_RDONLY | O_DIRECTORY);
}

ImageRoot::~ImageRoot() {
  root_.reset();
  if (!mounted_.empty()) ::umount2(mounted_.c_str(), MNT_DETACH);
}

}  // namespace coracle::engine
