// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/events.hpp"
#include "coracle/linux/command_line.hpp"
#include "coracle/monitor/relay.hpp"
#include "engine/container/exec/exec_plan.hpp"
#include "engine/container/exec/exec_session.hpp"
#include "engine/container/exec/guarded_exec.hpp"

namespace coracle::engine {
namespace {

/// The program goes on without us; init of the host reaps it. A terminal lives as long as somebody
/// holds its other end and reads what is written to it.
void leave_running(runtime::StartedProcess started) {
  (void)started.process.release();
  if (!started.terminal) return;
  // It may hang up our own terminal before the child has left its session; and the container, whose
  // processes see the child, is not to look into it.
  ::signal(SIGHUP, SIG_IGN);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid > 0) return;
  ::setsid();
  linux::set_process_name("coracle:exec");
  linux::replace_arguments("exec");
  const int master = ::dup2(started.terminal.get(), 3);
  ::close_range(4, ~0U, 0);
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
  ::fcntl(master, F_SETFL, 0);  // The relay did not wait.
  char text[4096];
  while (::read(master, text, sizeof text) > 0 || errno == EINTR) {
  }
  ::_exit(0);
}

/// @returns the program's exit code; nothing when the user has detached
std::optional<int> run_attached(runtime::StartedProcess& started, const ExecRequest& request) {
  if (started.terminal) {
    monitor::RelayOptions relay;
    relay.terminal = started.terminal.get();
    relay.input = request.interactive ? STDIN_FILENO : -1;
    relay.detach_keys = monitor::parse_detach_keys(request.detach_keys);
    if (monitor::relay_terminal(relay, started.pidfd.get()) == monitor::RelayEnd::detached) {
      return std::nullopt;
    }
  }
  return linux::exit_code_of(started.process.wait());
}

void record_end(const Context& context, const store::ContainerConfig& config, int exit_code) {
  store::Event event = container_event(config, "exec_died");
  event.exit_code = exit_code;
  record_event(context, std::move(event));
}

}  // namespace

int exec_in_container(Context& context, const ContainerId& id, const ExecRequest& request,
                      const std::function<void(const std::string&)>& left) {
  const auto config = context.containers().load_config(id);
  const auto state = observe(context, id);
  ExecPlan plan(context, config, state, request);
  std::optional<ExecSession> session;
  if (request.session) session.emplace(context, id);
  linux::Fd null;
  runtime::StandardStreams streams;
  if (request.detach || !request.interactive) {
    null = linux::open_file("/dev/null", O_RDWR);
    streams.input = null.get();
  }
  if (request.detach) streams.output = streams.error = null.get();
  runtime::StartedProcess started =
      config.is_chroot ? start_guarded(plan, streams, state.process) : plan.start(streams, false);
  if (session) session->note_start(request, started.process.pid());
  record_event(context, config, "exec");
  if (!request.detach) {
    const auto ended = run_attached(started, request);
    if (ended) {
      record_end(context, config, *ended);
      return *ended;
    }
  } else if (left) {
    left(session ? session->id() : "");
  }
  if (session) session->leave();
  leave_running(std::move(started));
  return 0;
}

}  // namespace coracle::engine
