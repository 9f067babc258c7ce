// SPDX-License-Identifier: Apache-2.0
#include "engine/container/life/observe.hpp"

#include <signal.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/time.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/events.hpp"
#include "coracle/linux/process_end.hpp"
#include "coracle/runtime/cgroup.hpp"
#include "engine/apart.hpp"
#include "engine/container/chroot/placed_files.hpp"
#include "engine/container/life/checkpoint_record.hpp"
#include "engine/container/life/discard.hpp"
#include "engine/container/life/exit_file.hpp"
#include "engine/container/life/file_server.hpp"
#include "engine/container/life/pause.hpp"
#include "engine/container/life/stop.hpp"
#include "engine/container/limits/group.hpp"
#include "engine/container/record/status.hpp"
#include "engine/network/plan.hpp"

namespace coracle::engine {

namespace {

/// Whether the record says that it runs while whoever should look after it is gone.
bool is_orphaned(const store::ContainerState& state) {
  if (!has_monitor(state)) return false;
  return state.boot_id != linux::boot_id() || !linux::is_alive(state.monitor);
}

/// The processes that a container without a monitor has left.
void end_remains(Context& context, const store::ContainerState& state) {
  if (linux::send_signal(state.process, SIGKILL)) wait_for_end(state.process, 5000);
  if (state.network_helper.pid > 0) linux::send_signal(state.network_helper, SIGKILL);
  if (!state.networks.empty()) network::clean_up_after_keeper(plan_keeper(context));
}

/// Of a chroot: programs that its first process has started, and files of the engine's.
void clear_chroot(Context& context, const ContainerId& id) {
  const std::string root = context.containers().upper(id);
  const std::string aside = context.containers().set_aside(id);
  if (!linux::exists(aside)) return;
  try {
    if (!linux::end_chrooted(root)) log::warn("processes of container {} are left", id.brief());
    in_namespace_apart(context, [&] { take_back_files(root, aside); });
  } catch (const std::exception& error) {
    log::warn("files of the engine are left in container {}: {}", id.brief(), error.what());
  }
}

void record_death(Context& context, const store::ContainerConfig& config,
                  const store::ContainerState& state) {
  store::Event event = container_event(config, "died");
  event.exit_code = state.exit_code;
  event.error = state.error;
  record_event(context, std::move(event));
}

/// Ends what is left of a container without a monitor.
/// @param state  how that is to be recorded
void end_orphan(Context& context, const ContainerId& id, store::ContainerState& state) {
  const bool same_boot = state.boot_id == linux::boot_id();
  const store::ContainerState left = state;
  const auto code = try_read_exit(context, id, state.process);
  // Before processes are ended that a checkpoint has not.
  const bool is_written_down = adopt_checkpoint(context, id, code.value_or(128 + SIGKILL), state);
  // Whoever observes may be about to start a container, and has to choose its namespace then.
  if (same_boot) in_namespace_apart(context, [&] { end_remains(context, left); });
  if (same_boot && !left.cgroup.empty()) {
    try {
      end_group(*runtime::open_cgroup(left.cgroup));
    } catch (const Error&) {
      // Removed with the next start.
    }
  }
  if (same_boot) end_file_server(context, id);
  clear_chroot(context, id);
  if (is_written_down) return;
  state.networks.clear();
  state.error = same_boot ? "the container's monitor was killed" : "the machine was restarted";
  if (state.status == store::ContainerStatus::initialized) {
    // As it was before.
    state.status =
        state.started_at.empty() ? store::ContainerStatus::created : store::ContainerStatus::exited;
    return;
  }
  if (is_active(state)) state.exit_code = same_boot ? 137 : 255;
  state.status = store::ContainerStatus::exited;
  if (code) {
    state.exit_code = *code;
    state.error = "the container's end could not be recorded";
  }
  state.finished_at = format_rfc3339(now());
}

/// One that was ended to be started again, by somebody who did not get to that; or to be removed.
bool is_abandoned(const store::ContainerState& state) {
  return state.status == store::ContainerStatus::exited && state.restarter.pid > 0 &&
         !linux::is_alive(state.restarter) && !linux::is_alive(state.monitor);
}

/// Ends what is left of a container without a monitor, writes down that it has ended, and removes
/// one that would have removed itself.
std::optional<store::ContainerState> reap(Context& context, const ContainerId& id) {
  const auto lock = context.containers().lock(id);
  store::ContainerState state = context.containers().load_state(id);
  const bool is_lost = is_orphaned(state);
  if (!is_lost && !is_abandoned(state)) return state;
  const auto config = try_load_config(context, id);
  const bool was_started = is_started(state);
  if (is_lost) end_orphan(context, id, state);
  const bool is_restarted = linux::is_alive(state.restarter);
  const bool goes = !is_restarted && config && config->auto_remove && !has_checkpoint(context, id);
  // Should we be killed before it is gone, the next one finds it as abandoned.
  if (!is_restarted) {
    state.restarter = goes ? linux::identity_of(::getpid()) : linux::ProcessIdentity{};
  }
  context.containers().save_state(id, state);
  if (was_started && config && state.checkpointed_at.empty()) record_death(context, *config, state);
  if (!goes) return state;
  remove_ended(context, *config);
  return std::nullopt;
}

/// Whether the record says what whoever was killed was about to do, or had not done with.
bool runs_by_another_name(Context& context, const ContainerId& id,
                          const store::ContainerState& state) {
  return is_paused_in_name_only(state) || is_stopping_in_name_only(context, id, state);
}

/// A paused container that is not frozen runs, as does one that nobody stops any more. Whoever is
/// about to freeze it holds the lock.
store::ContainerState correct_status(Context& context, const ContainerId& id) {
  return context.containers().change_state(id, [&](store::ContainerState& state) {
    const bool runs = !is_orphaned(state) && runs_by_another_name(context, id, state);
    if (runs) state.status = store::ContainerStatus::running;
    return runs;
  });
}

}  // namespace

std::optional<store::ContainerState> try_correct(Context& context, const ContainerId& id,
                                                 store::ContainerState state) {
  const bool is_left = is_orphaned(state) || is_abandoned(state);
  if (!is_left && !runs_by_another_name(context, id, state)) return state;
  try {
    // Under the lock it may turn out that all is well by now.
    return is_left ? reap(context, id) : correct_status(context, id);
  } catch (const Error& error) {
    if (error.error_class() == ErrorClass::not_found) return std::nullopt;
    throw;
  }
}

std::optional<store::ContainerState> try_observe(Context& context, const ContainerId& id) {
  auto state = context.containers().try_load_state(id);
  if (!state) return state;
  return try_correct(context, id, *std::move(state));
}

store::ContainerState observe(Context& context, const ContainerId& id) {
  auto state = try_observe(context, id);
  if (!state) {
    throw Error(ErrorClass::not_found,
                "no container with name or ID \"{}\" found: no such container", id.str());
  }
  return *std::move(state);
}

}  // namespace coracle::engine
