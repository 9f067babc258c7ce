// SPDX-License-Identifier: Apache-2.0
#include "engine/container/life/start.hpp"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/engine/container_status.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/events.hpp"
#include "coracle/linux/process_end.hpp"
#include "engine/container/chroot/chroot.hpp"
#include "engine/container/life/attach.hpp"
#include "engine/container/life/checkpoint_record.hpp"
#include "engine/container/life/file_server.hpp"
#include "engine/container/life/launch_settings.hpp"
#include "engine/container/life/lifecycle.hpp"
#include "engine/container/life/start_dependencies.hpp"
#include "engine/container/logs/log_driver.hpp"
#include "engine/container/record/belongings.hpp"
#include "engine/container/record/monitor.hpp"
#include "engine/container/record/status.hpp"
#include "engine/pod/membership.hpp"

namespace coracle::engine {
namespace {

std::string notify_directory(Context& context, const store::ContainerConfig& config) {
  return context.containers().run_directory(ContainerId(config.id)) + "/notify";
}

monitor::NotifyPlan plan_notify(Context& context, const store::ContainerConfig& config) {
  const char* address = ::getenv("NOTIFY_SOCKET");
  monitor::NotifyPlan plan;
  if (address == nullptr || *address == '\0' || config.sdnotify == "ignore") return plan;
  plan.target = address;
  plan.when_healthy = config.sdnotify == "healthy";
  if (config.sdnotify == "container") {
    plan.socket = fmt::format("{}/{}", notify_directory(context, config), k_notify_name);
  }
  return plan;
}

monitor::LaunchPlan plan_launch(Context& context, const store::ContainerConfig& config,
                                const StartOptions& options) {
  monitor::LaunchPlan plan;
  plan.title = "coracle:monitor";
  plan.arguments = fmt::format("monitor {} {}", short_id(config.id), config.name);
  plan.terminal = config.terminal;
  plan.interactive = config.interactive;
  plan.log = plan_log(context, config);
  plan.control_socket = context.containers().attach_socket(ContainerId(config.id));
  adopt_settings(config, plan);
  plan.timeout = config.timeout;
  plan.preserved_fds = config.preserved_fds;
  plan.passthrough = find_log_driver(config.log_driver).kind == LogKind::passthrough;
  plan.warnings = warnings_path(context, ContainerId(config.id));
  plan.notify = plan_notify(context, config);
  plan.client_attaches = options.attached();
  return plan;
}

/// Records why a start failed; a container that removes itself goes. The error that led here is
/// what the user is told.
void record_failure(Context& context, const store::ContainerConfig& config,
                    const Error& error) noexcept {
  try {
    const ContainerId id(config.id);
    if (config.auto_remove && !has_checkpoint(context, id)) {
      const std::string grave = context.containers().discard(id);
      context.enter_namespace();
      linux::remove_tree(grave);
      record_event(context, config, "remove");
      return release_belongings(context, config, AnonymousVolumes::go);
    }
    store::ContainerState state = context.containers().load_state(id);
    state.error = error.describe();
    state.exit_code = error.exit_code();
    if (state.status != store::ContainerStatus::exited)
      state.status = store::ContainerStatus::created;
    context.containers().save_state(id, state);
  } catch (const std::exception& second) {
    // What is left of it empty_trash() finds.
    log::info("after a failed start: {}", second.what());
  }
}

/// The same where nothing has been begun, and nobody else has started it.
void record_early_failure(Context& context, const store::ContainerConfig& config,
                          const Error& error) noexcept {
  try {
    const auto lock = context.containers().lock(ContainerId(config.id));
    const auto state = context.containers().load_state(ContainerId(config.id));
    if (!has_monitor(state)) record_failure(context, config, error);
  } catch (const std::exception&) {
    // Removed meanwhile.
  }
}

/// A container that nobody else changes.
struct Locked {
  linux::FileLock lock;
  store::ContainerState state;
};

/// A container that has ended, once its monitor has ended, too: that may still tell its clients so,
/// or wait for the next start, which is now.
Locked lock_ended(Context& context, const store::ContainerConfig& config) {
  constexpr int k_moment_ms = 100;
  const ContainerId id(config.id);
  for (;;) {
    store::ContainerState state = observe(context, id);
    {
      auto lock = context.containers().lock(id);
      state = context.containers().load_state(id);
      const bool is_left = !linux::is_alive(state.monitor);
      const bool waits = state.status == store::ContainerStatus::restarting;
      if (is_active(state) || (is_left && !waits)) return {std::move(lock), std::move(state)};
    }
    await_monitor(context, config, state);
    wait_for_end(state.monitor, k_moment_ms);
  }
}

/// One that `init` has prepared: its monitor lets the program run.
/// @param channel  to that
std::optional<monitor::AttachResult> start_prepared(Context& context,
                                                    const store::ContainerConfig& config,
                                                    const linux::Fd& channel,
                                                    const StartOptions& options) {
  if (config.sdnotify != "ignore" && ::getenv("NOTIFY_SOCKET") != nullptr) {
    log::warn("container {} was prepared by somebody else, whose service manager is told of it",
              config.name);
  }
  std::optional<monitor::Attachment> attachment;
  if (options.attached()) attachment.emplace(channel.get(), attach_options(config, options));
  monitor::request_start(channel.get());
  monitor::await_start(channel.get());
  if (!attachment) return std::nullopt;
  record_event(context, config, "attach");
  return attachment->run();
}

[[noreturn]] void throw_prepared(const store::ContainerConfig& config) {
  throw Error(ErrorClass::conflict,
              "container {} has already been created in runtime: container state improper",
              config.id);
}

/// One with namespaces is not run without.
void require_way_to_start(Context& context, const store::ContainerConfig& config) {
  const Error* lack = context.lack_of_namespaces();
  if (lack == nullptr && config.is_chroot) {
    log::warn("container {} was made where nothing could be mounted, and is a chroot", config.name);
  }
  if (lack == nullptr) return;
  if (!config.is_chroot) throw Error(*lack);
  require_way_to_run(context);
  warn_of_chroot(context);
}

/// What it needs is there, and it is ours to start.
Locked prepare_start(Context& context, const store::ContainerConfig& config) {
  require_way_to_start(context, config);
  if (!config.pod.empty() && !config.is_infra) start_infra(context, config.pod);
  start_dependencies(context, config);
  repair_belongings(context, config);
  return lock_ended(context, config);
}

}  // namespace

namespace {

enum class Until : std::uint8_t { prepared, started };

/// @param restored  where its processes come from, if not from its program
std::optional<monitor::AttachResult> start(Context& context, const ContainerId& id,
                                           const StartOptions& options, Until until,
                                           const RestorePlan* restored) {
  store::ContainerConfig config = context.containers().load_config(id);
  std::optional<Locked> locked;
  try {
    locked = prepare_start(context, config);
    // It may have been changed while we waited.
    config = context.containers().load_config(id);
  } catch (const Error& error) {
    record_early_failure(context, config, error);
    throw;
  }
  const store::ContainerState state = locked->state;
  const auto status = state.status;
  if (until == Until::prepared && is_active(state)) throw_prepared(config);
  if (status == store::ContainerStatus::running && restored == nullptr) {
    locked.reset();
    if (options.attached()) return attach_container(context, id, options);
    return std::nullopt;  // Starting what runs is no mistake (podman, docker).
  }
  if (status == store::ContainerStatus::initialized && restored == nullptr) {
    locked.reset();
    wake_monitor(state);
    const linux::Fd channel = monitor::connect(monitor_of(context, id, state));
    // Its monitor may have been killed since.
    return channel ? start_prepared(context, config, channel, options)
                   : start(context, id, options, until, restored);
  }
  if (status != store::ContainerStatus::created && status != store::ContainerStatus::exited) {
    throw Error(ErrorClass::conflict,
                "container {} is {}, and must be in Created or Stopped state to be started: "
                "container state improper",
                config.id, to_string(status));
  }
  monitor::LaunchPlan plan;
  std::optional<monitor::AttachOptions> attach;
  try {
    plan = plan_launch(context, config, options);
    plan.is_held = until == Until::prepared;
    // What the monitor of a start that was cut off has left.
    end_file_server(context, id);
    if (options.attached()) attach = attach_options(config, options);
    context.finish_namespace();
  } catch (const Error& error) {
    record_failure(context, config, error);
    throw;
  }
  monitor::Launched launched = [&] {
    // The monitor holds the lock, too: we may be killed while it starts the container.
    ContainerLifecycle lifecycle(
        context, config, plan.notify.socket.empty() ? "" : notify_directory(context, config),
        linux::duplicate(locked->lock.fd()));
    if (restored != nullptr) lifecycle.restore_from(*restored);
    return monitor::launch(plan, lifecycle);
  }();
  context.drop_namespace();
  std::optional<monitor::Attachment> attachment;
  try {
    if (attach) attachment.emplace(launched.channel.get(), *attach);
    monitor::await_start(launched.channel.get());
  } catch (const Error& error) {
    attachment.reset();
    launched.channel.reset();
    ::waitpid(launched.monitor, nullptr, 0);
    record_failure(context, config, error);
    throw;
  }
  locked.reset();
  if (!attachment) return std::nullopt;
  record_event(context, config, "attach");
  return attachment->run();
}

}  // namespace

std::optional<monitor::AttachResult> start_container(Context& context, const ContainerId& id,
                                                     const StartOptions& options) {
  return start(context, id, options, Until::started, nullptr);
}

void prepare_container(Context& context, const ContainerId& id) {
  const auto config = context.containers().load_config(id);
  const bool passes_streams = find_log_driver(config.log_driver).kind == LogKind::passthrough;
  if (passes_streams || config.preserved_fds > 0) {
    throw Error(ErrorClass::invalid_argument,
                "container {} gets {} of whoever starts it, and cannot be prepared by another one",
                config.name, passes_streams ? "the streams" : "descriptors");
  }
  // Before what it needs is started.
  if (is_active(observe(context, id))) throw_prepared(config);
  start(context, id, {}, Until::prepared, nullptr);
}

void start_restored(Context& context, const ContainerId& id, const RestorePlan& plan) {
  start(context, id, {}, Until::started, &plan);
}

}  // namespace coracle::engine
