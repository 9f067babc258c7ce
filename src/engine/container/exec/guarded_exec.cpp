// SPDX-License-Identifier: Apache-2.0
#include "engine/container/exec/guarded_exec.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

#include "coracle/base/error.hpp"
#include "coracle/base/error_text.hpp"
#include "coracle/linux/command_line.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process_tree.hpp"
#include "coracle/linux/unix_socket.hpp"

namespace coracle::engine {
namespace {

int await_end(runtime::StartedProcess& started, const linux::Fd& container) {
  pollfd set[2] = {{started.pidfd.get(), POLLIN, 0}, {container.get(), POLLIN, 0}};
  while (set[0].revents == 0 && set[1].revents == 0) ::poll(set, 2, -1);
  if (set[0].revents == 0) ::kill(started.process.pid(), SIGKILL);
  return linux::exit_code_of(started.process.wait());
}

[[noreturn]] void guard(ExecPlan& plan, const runtime::StandardStreams& streams,
                        const linux::Fd& container, linux::Fd socket) noexcept {
  int code = k_exit_engine;
  try {
    // The terminal's signals are the program's.
    ::setsid();
    linux::set_process_name("coracle:exec");
    linux::replace_arguments("exec");
    linux::adopt_descendants();
    std::optional<runtime::StartedProcess> started;
    const std::string answer = answer_of([&]() -> std::string {
      started.emplace(plan.start(streams, true));
      return "";
    });
    linux::send_packet(socket.get(), answer, started ? started->terminal.get() : -1);
    socket.reset();
    if (!started) ::_exit(code);
    started->terminal.reset();
    // What the caller has is the program's alone: who reads a pipe waits for its end.
    linux::shed_inheritance({container.get(), started->pidfd.get()});
    if (::chdir("/") != 0) throw SysError("cannot enter '/'");
    code = await_end(*started, container);
    linux::end_descendants();
  } catch (...) {
    // The other side sees the socket closed.
  }
  ::_exit(code);
}

}  // namespace

runtime::StartedProcess start_guarded(ExecPlan& plan, const runtime::StandardStreams& streams,
                                      const linux::ProcessIdentity& first) {
  const linux::Fd container = linux::open_pidfd(first);
  if (!container) throw Error(ErrorClass::conflict, "the container has just ended");
  linux::SocketPair sockets = linux::make_socketpair(SOCK_SEQPACKET);
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid == 0) {
    sockets.first.reset();
    guard(plan, streams, container, std::move(sockets.second));
  }
  linux::Child child(pid);
  sockets.second.reset();
  linux::Fd pidfd = child.open_pidfd();
  auto packet = linux::receive_packet(sockets.first.get(), k_error_text_size + 1);
  parse_answer(packet ? std::move(packet->text) : std::string(), "the process that joins");
  runtime::StartedProcess started(std::move(child), std::move(pidfd));
  started.terminal = std::move(packet->descriptor);
  return started;
}

}  // namespace coracle::engine
