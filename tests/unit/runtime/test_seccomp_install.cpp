// SPDX-License-Identifier: Apache-2.0
// Filters as the kernel enforces them: children install one and make calls.
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "coracle/linux/process.hpp"
#include "unit/runtime/seccomp_support.hpp"

using namespace coracle;
using namespace coracle::runtime;

namespace {

/// The wait status of a child that ran `body` under the filter; it exits with the errno of the
/// call, 0 for success.
template <typename Body>
int run_under(const SeccompProgram& program, Body body) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (install_seccomp_in_child(program) < 0) ::_exit(250);
    errno = 0;
    ::_exit(body() >= 0 ? 0 : errno);
  }
  return linux::Child(pid).wait();
}

template <typename Body>
int errno_under(const SeccompProgram& program, Body body) {
  const int status = run_under(program, body);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("the default filter lets a program live", "[seccomp][install]") {
  const auto program = compile_seccomp(default_seccomp_spec(test::docker_capabilities()));
  CHECK(errno_under(program, [] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); }) == 0);
  CHECK(errno_under(program, [] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }) == 0);
  CHECK(errno_under(program, [] { return ::personality(0xffffffff); }) == 0);
  CHECK(errno_under(program, [] {
          const pid_t pid = ::fork();
          if (pid == 0) ::_exit(0);
          return pid < 0 ? -1 : ::waitpid(pid, nullptr, 0);
        }) == 0);
  CHECK(errno_under(program, [] {
          ::execl("/bin/sh", "sh", "-c", ":", nullptr);
          return -1;
        }) == 0);
}

TEST_CASE("and refuses what it refuses", "[seccomp][install]") {
  const auto program = compile_seccomp(default_seccomp_spec(test::docker_capabilities()));
  CHECK(errno_under(program, [] { return ::personality(ADDR_NO_RANDOMIZE); }) == ENOSYS);
  CHECK(errno_under(program, [] { return ::socket(AF_VSOCK, SOCK_STREAM, 0); }) == EPERM);
  CHECK(errno_under(program, [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); }) == ENOSYS);
  CHECK(errno_under(program, [] { return ::sethostname("x", 1); }) == EPERM);
  CHECK(errno_under(program, [] { return ::syscall(SYS_kexec_load, 0, 0, nullptr, 0); }) == EPERM);
  CHECK(errno_under(program, [] { return ::syscall(SYS_bpf, 0, nullptr, 0); }) == EPERM);
  CHECK(errno_under(program, [] { return ::syscall(5000); }) == ENOSYS);
}

TEST_CASE("a filter that kills does", "[seccomp][install]") {
  oci::SeccompSpec spec;
  spec.default_action = oci::SeccompAction::allow;
  spec.syscalls.push_back({{"getppid"}, oci::SeccompAction::kill_process, std::nullopt, {}});
  const int status = run_under(compile_seccomp(spec), [] { return ::syscall(SYS_getppid); });
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSYS);
}

TEST_CASE("a program from the cache is one the kernel takes", "[seccomp][install]") {
  const linux::TempDir cache("/tmp", "coracle-seccomp-");
  load_default_seccomp(cache.path(), 0);
  const auto program = load_default_seccomp(cache.path(), 0);
  CHECK(errno_under(program, [] { return ::syscall(SYS_chroot, "/"); }) == EPERM);
  CHECK(errno_under(program, [] { return ::getpid(); }) == 0);
}

TEST_CASE("a filter with notifications gives a listener", "[seccomp][install]") {
  oci::SeccompSpec spec;
  spec.default_action = oci::SeccompAction::allow;
  spec.syscalls.push_back({{"getppid"}, oci::SeccompAction::notify, std::nullopt, {}});
  const auto program = compile_seccomp(spec);
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const int listener = install_seccomp_in_child(program);
    if (listener <= 0) ::_exit(1);
    const int flags = ::fcntl(listener, F_GETFD);
    ::_exit(flags >= 0 && (flags & FD_CLOEXEC) != 0 ? 0 : 2);
  }
  CHECK(linux::exit_code_of(linux::Child(pid).wait()) == 0);
}

TEST_CASE("a filter that the kernel refuses is reported", "[seccomp][install]") {
  SeccompProgram broken;
  broken.filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};  // Runs off its end.
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::_exit(install_seccomp_in_child(broken) == -1 && errno == EINVAL ? 0 : 1);
  }
  CHECK(linux::exit_code_of(linux::Child(pid).wait()) == 0);
}
