// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/namespaces.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <fmt/format.h>
#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/linux/netlink.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/unix_socket.hpp"
#include "linux/own_stack.hpp"

namespace coracle::linux {
namespace {

struct Excursion {
  const std::function<void()>& work;
  std::vector<char> stack;
  std::exception_ptr failure;
};

int travel(void* argument) noexcept {
  auto& excursion = *static_cast<Excursion*>(argument);
  const OwnStack own_stack(excursion.stack.data(), excursion.stack.size());
  try {
    excursion.work();
  } catch (...) {
    excursion.failure = std::current_exception();
  }
  return 0;  // Which ends the process, as _exit(2) does (clone(2)).
}

/// Calls `work` in a process of its own, on a stack of its own, but with the memory and the
/// descriptors of this one, which is suspended meanwhile (CLONE_VFORK).
void make_excursion(const std::function<void()>& work) {
  constexpr std::size_t k_stack_size = 256U << 10;
  Excursion excursion{work, std::vector<char>(k_stack_size), nullptr};
  // Without a signal at its end, of which only who waits for such children (__WCLONE) hears.
  const pid_t pid = ::clone(travel, excursion.stack.data() + k_stack_size,
                            CLONE_VM | CLONE_FILES | CLONE_VFORK, &excursion);
  if (pid < 0) throw SysError("cannot make a process for another namespace");
  int status = 0;
  while (::waitpid(pid, &status, __WCLONE) < 0 && errno == EINTR) continue;
  if (excursion.failure) std::rethrow_exception(excursion.failure);
  // Killed by somebody, or by the kernel, which wants memory.
  if (status != 0) {
    throw Error(ErrorClass::unavailable, "the process in another namespace ended with exit code {}",
                exit_code_of(status));
  }
}

void bring_up_loopback() {
  NetlinkSocket netlink(NETLINK_ROUTE);
  NetlinkMessage request(RTM_NEWLINK, NLM_F_ACK);
  ifinfomsg header{};
  header.ifi_index = 1;  // It is the first in every network namespace.
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  request.header(header);
  netlink.apply(std::move(request), "bring up the loopback interface");
}

using Prepare = std::function<Fd()>;

/// What a process in another user namespace does, until it is ended.
[[noreturn]] void hold_in(int user_namespace, const Prepare& prepare, int answer,
                          pid_t parent) noexcept {
  // Root of that namespace is not to look into it: it has what its parent has.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  int kept[] = {user_namespace, answer};
  close_all_but(0, kept);
  int error = ::setns(user_namespace, CLONE_NEWUSER) == 0 ? 0 : errno;
  Fd made;
  try {
    if (error == 0 && prepare) made = prepare();
  } catch (const SysError& failure) {
    error = failure.code();
  } catch (const std::exception&) {
    error = EIO;
  }
  // Only now: a change of credentials takes it back (PR_SET_PDEATHSIG(2const)).
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const iovec part{&error, sizeof error};
  const int descriptor = made.get();
  send_parts(answer, {&part, 1}, {&descriptor, made ? 1U : 0U});
  ::close_range(0, ~0U, 0);
  while (::getppid() == parent) ::pause();
  ::_exit(0);
}

/// A process in another user namespace, which cannot be entered for a while by this one.
struct Member {
  Child process;
  Fd made;  ///< what `prepare` has made there
};

Member start_in(int user_namespace, const Prepare& prepare = {}) {
  SocketPair answer = make_socketpair(SOCK_SEQPACKET);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid == 0) hold_in(user_namespace, prepare, answer.second.get(), parent);
  Member member{Child(pid), {}};
  answer.second.reset();
  int error = EIO;
  const iovec part{&error, sizeof error};
  ReceivedParts got = receive_parts(answer.first.get(), {&part, 1});
  if (got.size != sizeof error) error = EIO;
  if (error != 0) throw SysError(error, "cannot be in the user namespace");
  member.made = std::move(got.descriptors.front());
  return member;
}

}  // namespace

void in_network_namespace(int network_namespace, const std::function<void()>& work) {
  make_excursion([&] {
    if (::setns(network_namespace, CLONE_NEWNET) != 0) {
      throw SysError("cannot enter the network namespace");
    }
    work();
  });
}

void in_mount_namespace(int mount_namespace, const std::function<void()>& work) {
  make_excursion([&] {
    if (::setns(mount_namespace, CLONE_NEWNS) != 0) {
      throw SysError("cannot enter the mount namespace");
    }
    work();
  });
}

void in_new_mount_namespace(const std::function<void()>& work) {
  make_excursion([&] {
    if (::unshare(CLONE_NEWNS) != 0) throw SysError("cannot create a mount namespace");
    // What others unmount is not held here.
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
      throw SysError("cannot change mount propagation of '/'");
    }
    work();
  });
}

Fd make_network_namespace() {
  Fd made;
  make_excursion([&] {
    if (::unshare(CLONE_NEWNET) != 0) throw SysError("cannot create a network namespace");
    bring_up_loopback();
    made = open_file("/proc/self/ns/net", O_RDONLY);
  });
  return made;
}

Fd make_network_namespace_of(int user_namespace) {
  return start_in(user_namespace,
                  [] {
                    if (::unshare(CLONE_NEWNET) != 0)
                      throw SysError("cannot create a network namespace");
                    bring_up_loopback();
                    return open_file("/proc/self/ns/net", O_RDONLY);
                  })
      .made;
}

IdMappings mappings_of_namespace(int user_namespace) {
  const Member member = start_in(user_namespace);
  IdMappings mappings = mappings_of(member.process.pid());
  if (mappings.uids.empty() || mappings.gids.empty()) {
    throw Error(ErrorClass::invalid_argument, "the user namespace has no ids");
  }
  return mappings;
}

}  // namespace coracle::linux
