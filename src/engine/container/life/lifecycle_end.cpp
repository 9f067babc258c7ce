// SPDX-License-Identifier: Apache-2.0
// The end of a run, what is recorded of it, and whether another one follows.
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/time.hpp"
#include "coracle/engine/events.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process_tree.hpp"
#include "engine/container/life/discard.hpp"
#include "engine/container/life/exit_file.hpp"
#include "engine/container/life/lifecycle.hpp"
#include "engine/container/limits/group.hpp"
#include "engine/container/record/belongings.hpp"
#include "engine/pod/exit_policy.hpp"

namespace coracle::engine {
namespace {

/// What has lost its parent there has become ours.
/// @param first  the first process, which the monitor reaps
void reap_in_chroot(int alarm, pid_t first) noexcept {
  signalfd_siginfo news{};
  (void)!::read(alarm, &news, sizeof news);
  linux::reap_adopted(first);
}

}  // namespace

void ContainerLifecycle::remove_cgroup() noexcept {
  group_place_.scope.reset();
  memory_watch_.reset();
  try {
    if (cgroup_) end_group(*cgroup_);
  } catch (const std::exception&) {
    // Left for the next start or rm, which find it by its path.
  }
}

monitor::Alarms ContainerLifecycle::alarms() const noexcept {
  const auto network = network_.alarms();
  // A chroot's network is the host's, and has none.
  return {adopted_watch_ ? adopted_watch_.get() : network[0], network[1], memory_watch_.get()};
}

void ContainerLifecycle::alarmed(int alarm) noexcept {
  if (alarm == adopted_watch_.get()) return reap_in_chroot(alarm, state_.process.pid);
  if (alarm != memory_watch_.get()) return network_.repair(alarm);
  char news[4096];
  if (::read(alarm, news, sizeof news) <= 0) memory_watch_.reset();
  note_oom();
  oom_seen_ = oom_killed_;
}

void ContainerLifecycle::note_oom() noexcept {
  oom_killed_ = oom_seen_;
  try {
    oom_killed_ = oom_seen_ || (cgroup_ && cgroup_->oom_kills() > 0);
  } catch (const std::exception&) {
    // Without the memory controller there is no limit either.
  }
}

void ContainerLifecycle::unmount_here() noexcept {
  if (!is_mounted_here_) return;
  ::umount2(context_.containers().merged(id_).c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

void ContainerLifecycle::ended() noexcept {
  note_oom();
  end_chroot();
  network_.stop();
  sources_.close();
  sources_.unmount();
  unmount_here();
  remove_cgroup();
  run_poststop();
}

void ContainerLifecycle::run_poststop() noexcept {
  oci::RuntimeState state;
  state.oci_version = oci::k_runtime_spec_version;
  state.id = config_.id;
  state.status = oci::ContainerStatus::stopped;
  state.bundle = context_.containers().run_directory(id_);
  state.annotations = config_.annotations;
  runtime::try_hooks("poststop", std::exchange(poststop_, {}), state);
}

/// The caller holds the lock.
void ContainerLifecycle::record_end(int exit_code, const std::string& error) {
  state_ = context_.containers().load_state(id_);
  state_.status = store::ContainerStatus::exited;
  state_.exit_code = exit_code;
  state_.oom_killed = oom_killed_;
  state_.error = error;
  state_.finished_at = format_rfc3339(now());
  state_.networks.clear();
  context_.containers().save_state(id_, state_);
}

bool ContainerLifecycle::exited(int exit_code) {
  if (note_checkpoint(exit_code)) return false;
  store::Event event = container_event(config_, "died");
  event.exit_code = exit_code;
  record_event(context_, std::move(event));
  record_event(context_, config_, "cleanup");
  stays_ = !config_.auto_remove || is_restarted();
  if (!stays_) return false;  // Its record goes with it.
  try {
    const auto lock = context_.containers().lock(id_);
    record_end(exit_code, "");
  } catch (const Error& error) {
    if (error.error_class() == ErrorClass::not_found) return false;  // Removed meanwhile.
    note_exit(context_, id_, state_.process, exit_code);
    throw;
  }
  return !state_.stopped_by_user && !config_.auto_remove;
}

/// Whether `restart` has ended it, and is about to start it again.
bool ContainerLifecycle::is_restarted() const noexcept {
  try {
    return linux::is_alive(context_.containers().load_state(id_).restarter);
  } catch (const std::exception&) {
    return false;
  }
}

void ContainerLifecycle::will_restart() {
  state_ = context_.containers().change_state(id_, [](store::ContainerState& state) {
    const bool waits = state.status == store::ContainerStatus::exited && !state.stopped_by_user;
    if (waits) state.status = store::ContainerStatus::restarting;
    return waits;
  });
}

bool ContainerLifecycle::may_restart() {
  try {
    lock_ = linux::duplicate(context_.containers().lock(id_).fd());
    state_ = context_.containers().load_state(id_);
  } catch (const Error&) {
    return false;
  }
  if (state_.stopped_by_user) {
    lock_.reset();
    return false;
  }
  record_event(context_, config_, "restart");
  return true;
}

void ContainerLifecycle::start_failed(const Error& error) noexcept {
  ended();
  stays_ = !config_.auto_remove || is_restarted();
  try {
    if (!lock_) lock_ = linux::duplicate(context_.containers().lock(id_).fd());
    record_end(error.exit_code(), error.describe());
  } catch (const std::exception&) {
    // Removed meanwhile; or seen by whoever looks next, once we are gone.
  }
  lock_.reset();
}

/// No start comes any more.
void ContainerLifecycle::end_waiting() noexcept {
  if (state_.status != store::ContainerStatus::restarting) return;
  try {
    context_.containers().change_state(id_, [](store::ContainerState& state) {
      const bool waits = state.status == store::ContainerStatus::restarting;
      if (waits) state.status = store::ContainerStatus::exited;
      return waits;
    });
  } catch (const std::exception&) {
    // Removed meanwhile; or seen by whoever looks next, once we are gone.
  }
}

void ContainerLifecycle::finished() noexcept {
  end_waiting();
  if (!stays_) {
    try {
      grave_ = discard_container(context_, id_);
      release_belongings(context_, config_, AnonymousVolumes::go);
    } catch (...) {
      // Already gone, or left for the next invocation.
    }
  }
  // Of several that end at once the last one sees that no other is there.
  end_pod_without_containers(context_, config_);
}

void ContainerLifecycle::cleaned_up() noexcept {
  network_.clean_up();
  collect_groups(context_, group_place_);
  try {
    if (!grave_.empty()) linux::remove_tree(grave_);
  } catch (...) {
    // empty_trash() finds it.
  }
  if (config_.remove_image) remove_unused_image(context_, config_);
  namespace_entry_ = {};
}

}  // namespace coracle::engine
