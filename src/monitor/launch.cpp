// SPDX-License-Identifier: Apache-2.0
#include "coracle/monitor/launch.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/linux/command_line.hpp"
#include "monitor/message.hpp"
#include "monitor/monitor.hpp"

namespace coracle::monitor {
namespace {

/// Closes what is the engine's own among the descriptors to be handed on, where the user left gaps:
/// ours are closed on exec, those that came by exec are not.
void close_own(int first, int end) {
  for (int fd = first; fd < end; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) != 0) ::close(fd);
  }
}

/// Closes all but the standard descriptors, those to be handed on, and `kept`, which get other
/// numbers.
void close_others(std::int64_t preserved, const std::vector<linux::Fd*>& kept) {
  const int first = 3 + static_cast<int>(preserved);
  std::vector<int> numbers;
  for (auto* fd : kept) {
    if (!*fd) continue;
    linux::Fd moved(::fcntl(fd->get(), F_DUPFD_CLOEXEC, first));
    if (!moved) throw SysError("cannot duplicate descriptor {}", fd->get());
    numbers.push_back(moved.get());
    *fd = std::move(moved);
  }
  close_own(3, first);
  linux::close_all_but(first, numbers);
}

/// Lets go of everything the client had: its session, signals, descriptors and directory.
linux::Fd leave_client(const LaunchPlan& plan, std::vector<linux::Fd*> kept, linux::Fd channel) {
  ::setsid();
  linux::set_process_name(plan.title.c_str());
  linux::replace_arguments(plan.arguments);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2,
                           SIGTSTP, SIGTTIN, SIGTTOU}) {
    ::signal(number, SIG_IGN);
  }
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  kept.push_back(&channel);
  close_others(plan.preserved_fds, kept);
  if (!plan.passthrough) {
    const linux::Fd null = linux::open_file("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null.get(), fd);
    if (!plan.warnings.empty()) {
      const linux::Fd file = linux::open_file(
          plan.warnings, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW, 0600);
      ::dup2(file.get(), STDERR_FILENO);
    }
  }
  // What it makes for the container (hosts, resolv.conf) is read by any user in there.
  ::umask(022);
  if (::chdir("/") != 0) throw SysError("cannot enter '/'");
  return channel;
}

bool prepare(Lifecycle& lifecycle, int channel) {
  try {
    lifecycle.prepare();
    return true;
  } catch (const Error& error) {
    send_failure(channel, error);
  } catch (const std::exception& error) {
    send_failure(channel, Error(ErrorClass::internal, error.what()));
  }
  return false;
}

[[noreturn]] void run_in_child(const LaunchPlan& plan, Lifecycle& lifecycle,
                               linux::Fd channel) noexcept {
  bool ran = false;
  try {
    if (!prepare(lifecycle, channel.get())) ::_exit(1);
    Monitor monitor(plan, lifecycle, leave_client(plan, lifecycle.kept(), std::move(channel)));
    ran = monitor.run();
  } catch (...) {
    // The client sees the channel closed. No destructor of the client's may run in this process.
  }
  ::_exit(ran ? 0 : 1);
}

}  // namespace

Launched launch(const LaunchPlan& plan, Lifecycle& lifecycle) {
  linux::SocketPair sockets = linux::make_socketpair(SOCK_SEQPACKET);
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork the container's monitor");
  if (pid == 0) {
    sockets.first.reset();
    run_in_child(plan, lifecycle, std::move(sockets.second));
  }
  return {std::move(sockets.first), pid};
}

void await_start(int channel) {
  receive_start(channel);
}

}  // namespace coracle::monitor
