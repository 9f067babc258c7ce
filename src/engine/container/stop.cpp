// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/engine/containers.hpp"
#include "engine/container/state.hpp"

namespace coracle::engine {
namespace {

/// A killed process has to be gone some time; a monitor needs a moment to write that down.
constexpr int k_patience_ms = 30'000;
/// For the last output of an ended container to reach the clients that are attached.
constexpr int k_last_output_ms = 2000;

/// Marks the container as stopped by the user, so that no policy starts it again.
/// @returns the state before
store::ContainerState mark_stopped(Context& context, const ContainerId& id) {
  const auto lock = context.containers().lock(id);
  store::ContainerState state = context.containers().load_state(id);
  state.stopped_by_user = true;
  context.containers().save_state(id, state);
  return state;
}

void wait_for_monitor(Context& context, const store::ContainerConfig& config,
                      const store::ContainerState& state) {
  if (wait_for_end(state.process, k_patience_ms) && wait_for_end(state.monitor, k_last_output_ms))
    return;
  // A client that does not read what is left holds up nobody any longer.
  monitor::request_signal(context.containers().attach_socket(ContainerId(config.id)), 0);
  if (!wait_for_end(state.monitor, k_patience_ms)) {
    throw Error(ErrorClass::unavailable, "container {} does not end", config.name);
  }
}

}  // namespace

void stop_container(Context& context, const ContainerId& id, std::optional<std::int64_t> timeout) {
  const auto config = context.containers().load_config(id);
  if (!is_active(observe(context, id))) {
    // It may be waiting for its next start.
    const auto state = mark_stopped(context, id);
    if (linux::is_alive(state.monitor)) {
      monitor::request_signal(context.containers().attach_socket(id), 0);
      wait_for_monitor(context, config, state);
    }
    return;
  }
  if (observe(context, id).status == store::ContainerStatus::paused) {
    // Its processes would see no signal before they are killed.
    throw Error(ErrorClass::conflict,
                "can only stop created or running containers. {} is in state paused: container "
                "state improper",
                config.id);
  }
  const auto state = mark_stopped(context, id);
  const std::int64_t seconds = timeout.value_or(config.stop_timeout);
  const int grace =
      seconds < 0 ? -1 : static_cast<int>(std::min<std::int64_t>(seconds, 1'000'000) * 1000);
  if (grace != 0) {
    signal_container(context, id, state, config.stop_signal);
    if (wait_for_end(state.process, grace)) {
      wait_for_monitor(context, config, state);
      return;
    }
  }
  signal_container(context, id, state, SIGKILL);
  wait_for_monitor(context, config, state);
}

void kill_container(Context& context, const ContainerId& id, int signal) {
  const auto config = context.containers().load_config(id);
  const auto state = observe(context, id);
  require_active(config, state, "kill");
  if (!signal_container(context, id, state, signal)) {
    throw Error(ErrorClass::conflict, "container {} has just ended: container state improper",
                config.id);
  }
  // Seen as ended by whoever looks next.
  if (signal == SIGKILL && config.restart == store::RestartPolicy::no)
    wait_for_monitor(context, config, state);
}

void restart_container(Context& context, const ContainerId& id,
                       std::optional<std::int64_t> timeout) {
  stop_container(context, id, timeout);
  start_container(context, id, {});
}

}  // namespace coracle::engine
