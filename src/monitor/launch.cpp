// SPDX-License-Identifier: Apache-2.0
#include "coracle/monitor/launch.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
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

/// Closes all but the standard descriptors, those to be handed on, and `kept`.
linux::Fd close_others(std::int64_t preserved, linux::Fd kept) {
  const int first = 3 + static_cast<int>(preserved);
  linux::Fd moved(::fcntl(kept.get(), F_DUPFD_CLOEXEC, first));
  if (!moved) throw SysError("cannot duplicate descriptor {}", kept.get());
  kept.reset();
  close_own(3, first);
  if ((moved.get() > first && ::syscall(SYS_close_range, first, moved.get() - 1, 0) != 0) ||
      ::syscall(SYS_close_range, moved.get() + 1, ~0U, 0) != 0) {
    throw SysError("cannot close the caller's descriptors");
  }
  return moved;
}

/// Lets go of everything the client had: its session, signals, descriptors and directory.
linux::Fd leave_client(const LaunchPlan& plan, linux::Fd channel) {
  ::setsid();
  linux::set_process_name(plan.title.c_str());
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2,
                           SIGTSTP, SIGTTIN, SIGTTOU}) {
    ::signal(number, SIG_IGN);
  }
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  channel = close_others(plan.preserved_fds, std::move(channel));
  if (!plan.passthrough) {
    const linux::Fd null = linux::open_file("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null.get(), fd);
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
    Monitor monitor(plan, lifecycle, leave_client(plan, std::move(channel)));
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
