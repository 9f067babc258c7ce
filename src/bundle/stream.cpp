// SPDX-License-Identifier: Apache-2.0
#include "bundle/stream.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/unix_socket.hpp"
#include "coracle/monitor/relay.hpp"

namespace coracle::bundle {
namespace {

/// @param what  it is for: "console"
linux::Fd connect_socket(std::string_view what, const std::string& path) {
  linux::Fd socket = linux::connect_unix_socket(path, SOCK_STREAM);
  if (socket) return socket;
  throw Error(ErrorClass::unavailable, "nobody listens at the {} socket '{}'", what, path);
}

// A handler can reach nothing else.
volatile pid_t forward_to = 0;

void forward(int signal) {
  ::kill(forward_to, signal);
}

/// What is about this process itself: its end, its faults, its children, its streams and terminal.
constexpr int k_own_signals[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,
                                 SIGTRAP, SIGABRT, SIGSYS,  SIGCHLD, SIGPIPE, SIGTTIN,
                                 SIGTTOU, SIGTSTP, SIGURG,  SIGWINCH};

/// Every other signal that somebody sends to this process goes to that one.
void forward_signals(pid_t process) {
  forward_to = process;
  struct sigaction action {};
  action.sa_handler = forward;
  action.sa_flags = SA_RESTART;
  for (int number = 1; number <= SIGRTMAX; ++number) {
    if (std::ranges::find(k_own_signals, number) != std::end(k_own_signals)) continue;
    ::sigaction(number, &action, nullptr);  // Fails for those of the C library.
  }
}

}  // namespace

Receiver::Receiver(const Start& start, bool has_terminal, PidFile pid_file)
    : pid_path_(start.pid_file),
      pid_path_now_(pid_file == PidFile::when_complete ? pid_path_ + ".tmp" : pid_path_) {
  if (has_terminal && start.detach && start.console_socket.empty()) {
    throw Error(ErrorClass::invalid_argument,
                "cannot allocate a terminal for what is left running without --console-socket");
  }
  if (!start.console_socket.empty() && !has_terminal) {
    throw Error(ErrorClass::invalid_argument,
                "cannot use --console-socket: the process has no terminal");
  }
  if (!start.console_socket.empty()) console_ = connect_socket("console", start.console_socket);
  if (!start.pidfd_socket.empty()) pidfd_socket_ = connect_socket("pidfd", start.pidfd_socket);
  if (!pid_path_.empty()) {
    pid_file_ = linux::open_file(pid_path_now_, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  }
}

void Receiver::take(runtime::StartedProcess& started) {
  if (pid_file_) {
    linux::write_all(pid_file_.get(), fmt::format("{}", started.process.pid()), pid_path_);
    pid_file_.reset();
    if (pid_path_now_ != pid_path_ && ::rename(pid_path_now_.c_str(), pid_path_.c_str()) != 0) {
      throw SysError("cannot write '{}'", pid_path_);
    }
  }
  if (pidfd_socket_ && !linux::send_packet(pidfd_socket_.get(), "pidfd", started.pidfd.get())) {
    throw Error(ErrorClass::unavailable, "the pidfd socket's other end is gone");
  }
  pidfd_socket_.reset();
  if (!console_ || !started.terminal) return;
  if (!linux::send_packet(console_.get(), "/dev/ptmx", started.terminal.get())) {
    throw Error(ErrorClass::unavailable, "the console socket's other end is gone");
  }
  started.terminal.reset();
}

void Receiver::withdraw() noexcept {
  if (pid_path_.empty()) return;
  ::unlink(pid_path_now_.c_str());
  ::unlink(pid_path_.c_str());
}

std::int64_t preserved_descriptors(const Start& start, std::vector<std::string>& env) {
  const char* activated = ::getenv("LISTEN_FDS");
  const int count = activated == nullptr ? 0 : ::atoi(activated);
  if (count <= 0) return start.preserved_fds;
  env.push_back(fmt::format("LISTEN_FDS={}", count));
  env.emplace_back("LISTEN_PID=1");
  return start.preserved_fds + count;
}

int wait_attached(runtime::StartedProcess& started, Readiness* readiness) {
  forward_signals(started.process.pid());
  if (started.terminal) {
    monitor::RelayOptions relay;
    relay.terminal = started.terminal.get();
    relay.input = STDIN_FILENO;
    if (readiness != nullptr) {
      relay.aside = [&] { return readiness->fd(); };
      relay.on_aside = [&] { readiness->step(); };
    }
    monitor::relay_terminal(relay, started.pidfd.get());
  }
  if (readiness != nullptr) readiness->wait(started.pidfd.get());
  return linux::exit_code_of(started.process.wait());
}

}  // namespace coracle::bundle
