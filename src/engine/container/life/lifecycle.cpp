// SPDX-License-Identifier: Apache-2.0
#include "engine/container/life/lifecycle.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/scope_exit.hpp"
#include "coracle/base/time.hpp"
#include "coracle/engine/events.hpp"
#include "coracle/linux/change_owner.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/mapped_ids.hpp"
#include "coracle/linux/mount.hpp"
#include "engine/container/health/health.hpp"
#include "engine/container/life/checkpoint_record.hpp"
#include "engine/container/life/file_server.hpp"
#include "engine/container/mounts/volatile_mark.hpp"
#include "engine/fuse_mount.hpp"
#include "engine/joined_user_namespace.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {

ContainerLifecycle::ContainerLifecycle(Context& context, store::ContainerConfig config,
                                       std::string notify_directory, linux::Fd lock)
    : context_(context),
      config_(std::move(config)),
      id_(config_.id),
      notify_directory_(std::move(notify_directory)),
      lock_(std::move(lock)),
      network_(context, config_),
      sources_(context, config_) {}

std::vector<linux::Fd*> ContainerLifecycle::kept() {
  auto kept = network_.kept();
  kept.push_back(&lock_);
  return kept;
}

void ContainerLifecycle::prepare() {
  const bool is_outside = !context_.is_in_namespace();
  group_place_ = enter_group_place(context_, config_);
  enter_namespace_of_owner(context_, config_);
  network_.enter_namespaces(context_);
  // Who does without namespaces has none for others to join.
  const bool has_namespace = is_outside || context_.lack_of_namespaces() == nullptr;
  if (context_.config().rootless && has_namespace) {
    namespace_entry_ = list_in_namespace(context_.config().runroot, context_.mappings());
  }
  state_ = context_.containers().load_state(id_);
  linux::ensure_directory(context_.containers().run_directory(id_));
}

void ContainerLifecycle::give_sources_to_user(const oci::User& user) {
  for (const auto& mount : config_.mounts) {
    if (!mount.chown || mount.type != "bind" || mount.overlay || mount.idmapped) continue;
    linux::change_owner_of_tree(mount.source, linux::outside_id(config_.id_mappings.uids, user.uid),
                                linux::outside_id(config_.id_mappings.gids, user.gid));
  }
}

void ContainerLifecycle::make_cgroup(const oci::Resources& resources) {
  cgroup_ = make_group(context_, config_, group_place_, resources);
  state_.cgroup = cgroup_->path();
  state_.cgroup_manager = to_string(group_place_.support.manager);
  state_.cgroup_unit = group_place_.unit;
  // systemd takes the group away as soon as the last process has ended.
  if (!group_place_.unit.empty()) memory_watch_ = cgroup_->watch_memory();
}

linux::RootfsPlan ContainerLifecycle::plan_root() {
  linux::RootfsPlan rootfs = plan_rootfs(context_, config_);
  // What is thrown away afterwards need not reach the disk.
  if (config_.auto_remove && rootfs.kind == linux::RootfsPlan::Kind::overlay) {
    rootfs.options.emplace_back("volatile");
  }
  // Nothing is in there, but mount points are made.
  if (config_.is_infra && !config_.id_mappings.empty()) {
    linux::change_owner_of_tree(rootfs.mount_point, linux::outside_id(config_.id_mappings.uids, 0),
                                linux::outside_id(config_.id_mappings.gids, 0));
  }
  allow_mount_again(rootfs, state_);
  // Somebody looks at it (`mount`): two overlays must not write to one directory.
  if (linux::is_mount_point(rootfs.mount_point)) rootfs.kind = linux::RootfsPlan::Kind::directory;
  return rootfs;
}

runtime::StartedProcess ContainerLifecycle::create(const runtime::StandardStreams& streams,
                                                   bool is_held) {
  oom_seen_ = false;
  // It may have been connected with others meanwhile, or updated.
  if (!first_start_) {
    const auto now = context_.containers().load_config(id_);
    config_.networks = now.networks;
    config_.resources = now.resources;
  }
  if (first_start_) end_unfinished_restore(context_, id_, state_);
  remove_unfinished_checkpoint(context_, id_);
  if (restore_) ask_for_addresses(restore_->networks, config_);
  joined_user_namespace_ = joined_user_namespace(context_, config_);
  // First of all: it comes up while everything else is prepared.
  const std::string network_namespace =
      network_.begin(joined_user_namespace_, restore_ && restore_->criu.tcp_established);
  ScopeExit stop_network([this] { network_.stop(); });
  linux::RootfsPlan rootfs = plan_root();
  std::optional<linux::CpuPin> pin;
  std::optional<FuseMount> fuse;
  ScopeExit unmount([this] { unmount_here(); });
  if (rootfs.kind == linux::RootfsPlan::Kind::fuse_overlayfs) {
    context_.enter_mount_namespace();
    is_mounted_here_ = true;
    // That of the run before has ended with its mount.
    if (file_server_ > 0) ::waitpid(file_server_, nullptr, WNOHANG);
    // Some eighty questions are asked until the program runs. An answer from the same CPU comes
    // three times as fast as one from another that has to be woken.
    pin.emplace();
    // Its end would take what is not written yet.
    fuse.emplace(rootfs, ServerLife::ends_with_mount);
    note_file_server(context_, id_, fuse->pid());
    rootfs.kind = linux::RootfsPlan::Kind::directory;
  }
  sources_.open();
  ScopeExit close_sources([this] { sources_.close(); });
  SpecFacts facts = gather_facts();
  facts.network_namespace = network_namespace;
  facts.secret_files = sources_.secret_files();
  oci::RuntimeSpec spec = complete_spec(facts);
  if (first_start_ && !restore_) give_sources_to_user(spec.process->user);
  poststop_ = spec.hooks.poststop;
  ScopeExit end_hooks([this] { run_poststop(); });
  make_cgroup(spec.linux.resources);
  ScopeExit remove_cgroup([this] { this->remove_cgroup(); });

  runtime::CreateRequest request = request_for(spec, facts);
  request.rootfs = rootfs;
  request.process.streams = streams;
  ScopeExit leave_chroot([this] { end_chroot(); });
  if (config_.is_chroot) settle_in_chroot(facts, spec, request);
  sources_.give_to(request, spec.process->user, first_start_);
  request.wait_for_start = request.wait_for_start || sources_.are_filled() || is_held;
  // In a pid namespace of its own there is nobody but this process yet.
  request.visible_while_held =
      is_held && context_.config().rootless && config_.pid.mode == store::NamespaceMode::private_;
  if (fuse) file_server_ = fuse->finish();
  if (pin) request.process.affinity = pin->before();
  auto started = restore_ ? bring_back(request, facts) : runtime::create(request);
  if (group_place_.scope) group_place_.scope->let_go();
  group_place_.scope.reset();
  if (!restore_ && request.wait_for_start) {
    sources_.filled();
    if (network_.is_wanted()) network_.await();
    if (network_.learns_late()) write_files(facts);
    if (!is_held) started.start();
  }
  if (pin) pin->restore(file_server_);
  leave_chroot.release();
  remove_cgroup.release();
  end_hooks.release();
  stop_network.release();
  close_sources.release();
  unmount.release();
  return started;
}

/// What is true from the moment that there is a process.
void ContainerLifecycle::note_process(pid_t pid) {
  state_.boot_id = linux::boot_id();
  state_.process = linux::identity_of(pid);
  state_.monitor = linux::identity_of(::getpid());
  state_.network_helper = network_.helper();
  state_.networks = network_.connected();
  state_.error.clear();
  state_.stopped_by_user = false;
  // Another one that waits for its end has not been heard yet.
  const bool is_ours = state_.restarter.pid == ::getppid();
  if (is_ours || !linux::is_alive(state_.restarter)) state_.restarter = {};
  begin_health(context_, config_);
  if (!first_start_) return;
  const auto write_pid = [](const std::string& path, pid_t number) {
    if (path.empty()) return;
    linux::write_file_atomic(path, std::to_string(number), linux::Durability::crash_of_process,
                             0644);
  };
  write_pid(config_.monitor_pidfile, ::getpid());
  write_pid(config_.pidfile, pid);
}

void ContainerLifecycle::prepared(pid_t pid) {
  note_process(pid);
  state_.status = store::ContainerStatus::initialized;
  context_.containers().save_state(id_, state_);
  is_held_ = true;
  sources_.close();
  lock_.reset();
  record_event(context_, config_, "init");
}

void ContainerLifecycle::about_to_start() {
  lock_ = linux::duplicate(context_.containers().lock(id_).fd());
  state_ = context_.containers().load_state(id_);
  if (state_.stopped_by_user) {
    throw Error(ErrorClass::conflict, "container {} is being stopped: container state improper",
                config_.id);
  }
}

void ContainerLifecycle::started(pid_t pid) {
  const bool was_held = std::exchange(is_held_, false);
  if (!was_held) note_process(pid);
  state_.status = store::ContainerStatus::running;
  state_.started_at = format_rfc3339(now());
  state_.finished_at.clear();
  state_.exit_code = 0;
  state_.oom_killed = false;
  state_.checkpointed_at.clear();
  state_.restored_at = restore_ ? state_.started_at : "";
  state_.restart_count = first_start_ ? 0 : state_.restart_count + 1;
  context_.containers().save_state(id_, state_);
  if (restore_ && !restore_->keep) remove_checkpoint(context_, id_);
  sources_.close();
  first_start_ = false;
  lock_.reset();
  if (std::exchange(restore_, {})) return record_event(context_, config_, "restore");
  if (!was_held) record_event(context_, config_, "init");
  record_event(context_, config_, "start");
}

}  // namespace coracle::engine
