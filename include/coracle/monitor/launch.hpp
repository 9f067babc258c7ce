// SPDX-License-Identifier: Apache-2.0
// The process that stays with a container: it holds the streams, writes the log, waits for the end,
// restarts, cleans up. Forked by the client, not executed: a second start of the binary would cost
// a millisecond. It knows containers only through the Lifecycle that the engine hands it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/terminal.hpp"
#include "coracle/monitor/log.hpp"
#include "coracle/runtime/container.hpp"

namespace coracle::monitor {

enum class Restart { no, on_failure, always };

/// How the service manager that started us hears of the container (sd_notify(3)).
struct NotifyPlan {
  std::string target;  ///< its address: $NOTIFY_SOCKET; empty: there is none
  /// Where the container's programs send to, to be passed on. Empty: the container is ready as soon
  /// as it runs.
  std::string socket;
  bool when_healthy = false;  ///< it is ready when a health check says so
};

enum class HealthAction : std::uint8_t { none, kill, restart, stop };

/// How often the container's health is checked, and what follows. The checks are the engine's.
struct HealthPlan {
  std::chrono::milliseconds interval{0};  ///< 0: nobody checks unless asked
  std::chrono::milliseconds timeout{0};   ///< of one check
  std::chrono::milliseconds start_period{0};
  std::chrono::milliseconds start_interval{0};    ///< in the start period, until it is healthy
  bool has_startup = false;                       ///< another check comes first
  std::chrono::milliseconds startup_interval{0};  ///< until that one has succeeded
  HealthAction on_failure = HealthAction::none;   ///< when it becomes unhealthy
};

/// What a check makes of a container.
enum class HealthVerdict : std::uint8_t {
  healthy,
  starting,  ///< nothing is known yet
  unhealthy,
  startup,         ///< the startup check has not succeeded yet
  startup_failed,  ///< and will not: it is to be started again
  unknown,         ///< it could not be checked
};

struct LaunchPlan {
  std::string title;      ///< the process' name, at most 15 bytes
  std::string arguments;  ///< what its command line shows instead of the client's
  bool terminal = false;
  bool interactive = false;  ///< the container's standard input stays open
  LogConfig log;
  /// Where what goes wrong beside the container is told, a line each; empty: nowhere.
  std::string warnings;
  std::string control_socket;  ///< path: clients attach and send signals here
  Restart restart = Restart::no;
  int restart_limit = 0;  ///< for on_failure; 0: no limit
  /// Before the first restart; doubled each time, up to a minute, until a run lasted ten seconds.
  std::chrono::milliseconds first_back_off{100};
  std::int64_t timeout = 0;  ///< seconds a run may last; 0: no limit
  /// How the container is ended when the monitor itself is told to end (SIGTERM: the machine goes
  /// down) or a client asks for the end.
  int stop_signal = 15;
  std::int64_t stop_timeout = 10;  ///< seconds until SIGKILL; negative: never
  std::int64_t preserved_fds = 0;  ///< descriptors 3 … 2+n are handed on to the container
  bool passthrough = false;        ///< the container gets this process' own streams
  NotifyPlan notify;
  HealthPlan health;
  bool client_attaches = false;  ///< the launching client sends a hello before the start
  bool is_held = false;          ///< the first start ends before the program: see request_start()
};

using Alarms = std::array<int, 3>;

/// What the engine does at the turning points. Called in the monitor; an Error from prepare() or
/// create() before the first start reaches the launching client, later ones end the monitor.
class Lifecycle {
 public:
  virtual ~Lifecycle() = default;
  /// Once, first, while the client's descriptors are still open: takes up the privileges and
  /// resources that the container needs.
  virtual void prepare() = 0;
  /// The descriptors that stay open after that; all others are closed.
  virtual std::vector<linux::Fd*> kept() { return {}; }
  /// The size of the client's terminal, whenever it becomes known: create() gives it to the new
  /// terminal, so that the program finds it when it looks first.
  virtual void terminal_resized(linux::WindowSize) {}
  /// For each start. The process runs, or, if it is to be held, waits for StartedProcess::start().
  virtual runtime::StartedProcess create(const runtime::StandardStreams& streams, bool is_held) = 0;
  /// Records that the process is there, and held. An Error from here ends it again.
  virtual void prepared(pid_t /*pid*/) {}
  /// Records that it runs. An Error from here ends the process again.
  virtual void started(pid_t pid) = 0;
  /// The process has ended: stops what it has left running, before its last output is read.
  virtual void ended() noexcept = 0;
  /// Records the end, before any client hears of it, and once the log has all that was written;
  /// earlier only if a client that does not read holds that up.
  /// @returns whether a restart policy may still apply: not after a stop by the user
  virtual bool exited(int exit_code) = 0;
  /// It has ended, and waits for its next start.
  virtual void will_restart() {}
  /// Before a container that is held runs, at a client's wish.
  virtual void about_to_start() {}
  /// Before another start: false if the user has stopped or removed it meanwhile.
  virtual bool may_restart() = 0;
  /// A start after the first, or of a container that was held, has failed, and there will be no
  /// other: records the error and the end.
  virtual void start_failed(const Error& error) noexcept = 0;
  /// After the last end: takes the container out of sight if it is to be removed.
  virtual void finished() noexcept = 0;
  /// After the clients have heard: deletes what is left.
  virtual void cleaned_up() noexcept = 0;
  /// While it runs, descriptors that become readable when alarmed() is to be called with them; -1:
  /// none.
  virtual Alarms alarms() const noexcept { return {-1, -1, -1}; }
  virtual void alarmed(int) noexcept {}
  /// Checks the running container's health and records the result: in a process of its own, which
  /// is killed when that takes longer than the plan allows.
  /// @param is_first  the first check of this run
  virtual HealthVerdict check_health(bool /*is_first*/) { return HealthVerdict::unknown; }
  /// Its settings have changed: puts those that hold from now on (restart policy, health, stop)
  /// into the plan.
  virtual void reload(LaunchPlan& /*plan*/) {}
};

struct Launched {
  linux::Fd channel;  ///< to the monitor, for attach()
  pid_t monitor = 0;
};

/// Forks the monitor from this single-threaded process, which it outlives. Returns at once:
/// await_start() tells how it went.
Launched launch(const LaunchPlan& plan, Lifecycle& lifecycle);

/// Waits until the container runs, or is held. Throws the Error that kept it from that.
void await_start(int channel);

}  // namespace coracle::monitor
