// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/entry.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "coracle/linux/file_system_type.hpp"
#include "coracle/linux/process.hpp"
#include "runtime/child/credentials.hpp"
#include "runtime/child/failure.hpp"
#include "runtime/child/filter.hpp"
#include "runtime/child/mount_target.hpp"
#include "runtime/child/namespaces.hpp"
#include "runtime/child/rootfs.hpp"
#include "runtime/child/scheduling.hpp"
#include "runtime/child/terminal.hpp"
#include "runtime/child/time_namespace.hpp"

namespace coracle::runtime::child {
namespace {

using protocol::Step;

void bring_up_loopback(int socket) noexcept {
  const int inet = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (inet < 0) return;  // A kernel without IPv4.
  ifreq request{};
  ::strcpy(request.ifr_name, "lo");
  check(socket, ::ioctl(inet, SIOCGIFFLAGS, &request), Step::loopback, "lo");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  check(socket, ::ioctl(inet, SIOCSIFFLAGS, &request), Step::loopback, "lo");
  ::close(inet);
}

/// In a namespace of our own only a filter of a container around can refuse a name: that one stays.
void check_name(const ChildPlan& plan, int result, Step step, const std::string& name,
                int socket) noexcept {
  if (result != 0 && errno == EPERM && plan.own_names) return;
  check(socket, result, step, name);
}

void set_names(const ChildPlan& plan, int socket) noexcept {
  if (!plan.hostname.empty()) {
    check_name(plan, ::sethostname(plan.hostname.data(), plan.hostname.size()), Step::hostname,
               plan.hostname, socket);
  }
  if (!plan.domainname.empty()) {
    check_name(plan, ::setdomainname(plan.domainname.data(), plan.domainname.size()),
               Step::domainname, plan.domainname, socket);
  }
}

void join_keyring(const ProcessPlan& process, int socket) noexcept {
  if (!process.new_keyring) return;
  // An anonymous session keyring: the host's keys stay out of reach. Kernels and outer sandboxes
  // without the call have no keys to protect either.
  const long made = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0);
  if (made < 0 && errno != ENOSYS && errno != EPERM) fail(socket, Step::keyring, "");
}

void apply_sysctls(const ChildPlan& plan, const Roots& roots, int socket) noexcept {
  for (const auto& [path, value] : plan.sysctls) {
    const int fd = open_inside(roots, path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    check(socket, fd, Step::sysctl, path);
    // A mount of the user's may lie there, whose owner would choose what is written to.
    if (!linux::is_on_procfs(fd)) fail(socket, Step::sysctl, EPERM, path.c_str());
    if (::write(fd, value.data(), value.size()) < 0) fail(socket, Step::sysctl, path.c_str());
    ::close(fd);
  }
}

/// Only to regular files: an image may have put anything there.
void append_texts(const ChildPlan& plan, const Roots& roots) noexcept {
  for (const auto& [path, text] : plan.appended) {
    const int fd =
        open_inside(roots, path.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) continue;
    struct stat info {};
    if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
      (void)!::write(fd, text.data(), text.size());
    ::close(fd);
  }
}

void build_file_system(const ChildPlan& plan, ChildResources& resources) noexcept {
  const int socket = resources.socket;
  open_sources(plan, resources.sources, socket);
  const Roots roots = enter_rootfs(plan, socket);
  // Until here as the one who may enter the host's directories, whom the maps may leave out.
  if (plan.own_user_namespace || plan.joins_user_namespace) become_root_of_namespace(socket);
  append_texts(plan, roots);
  apply_mounts(plan, resources.sources, roots, socket);
  apply_devices(plan, resources.sources, roots, socket);
  apply_sysctls(plan, roots, socket);
  if (plan.process.terminal) open_terminal(plan.process, &roots, socket);
  if (plan.process.create_working_directory) {
    ::close(ensure_directory(roots, plan.process.working_directory.c_str(), 0755));
  }
  finish_mounts(plan, resources.sources, socket);
  apply_readonly_paths(plan, roots, socket);
  apply_masked_paths(plan, roots, socket);
  if (plan.readonly_root) make_root_readonly(roots, socket);
  if (plan.wait_when_mounted) hold(socket, protocol::Kind::mounted);
  leave_host_root(plan, roots, socket);
}

/// The same without mounts. For one that joins there is nothing to be made.
void build_chroot(const ChildPlan& plan, ChildResources& resources) noexcept {
  const int socket = resources.socket;
  const Roots roots = open_directory_as_root(plan, socket);
  append_texts(plan, roots);
  apply_devices(plan, resources.sources, roots, socket);
  // One of the host's, while there is a way to it.
  if (plan.process.terminal) open_terminal(plan.process, nullptr, socket);
  if (plan.process.create_working_directory) {
    ::close(ensure_directory(roots, plan.process.working_directory.c_str(), 0755));
  }
  if (plan.wait_when_mounted) hold(socket, protocol::Kind::mounted);
  change_root(roots, socket);
}

void take_standard_streams(const ChildResources& resources) noexcept {
  for (int target = 0; target < 3; ++target) {
    const int source = resources.standard[target];
    if (source >= 0 && ::dup2(source, target) < 0) {
      fail(resources.socket, Step::console, "standard descriptors");
    }
    if (source == target) ::fcntl(target, F_SETFD, 0);
  }
}

/// The null device that we were given is on a mount of the host's. That of the container serves as
/// well, and can be found again when the process is written down (criu(8)).
void take_own_null() noexcept {
  const auto is_null = [](int fd) { return linux::is_character_device(fd, 1, 3); };
  if (!is_null(STDIN_FILENO)) return;
  const int own = ::open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (own < 0) return;
  if (is_null(own)) ::dup2(own, STDIN_FILENO);
  ::close(own);
}

/// A working directory outside the root would be a way out (CVE-2024-21626): the kernel names such
/// a one "(unreachable)/…", and one that was removed meanwhile not at all.
void verify_inside_root(const char* path, int socket) noexcept {
  char where[PATH_MAX];
  const long size = ::syscall(SYS_getcwd, where, sizeof where);
  check(socket, static_cast<int>(size), Step::working_directory, path);
  if (where[0] != '/') fail(socket, Step::working_directory, EPERM, path);
}

/// Changes of credentials take it back (PR_SET_PDEATHSIG(2const)): after the last.
void end_with_parent(int socket) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // It may have ended before: then nobody has the other end of the socket.
  pollfd peer{socket, 0, 0};
  if (::poll(&peer, 1, 0) > 0) ::_exit(1);
}

void install_seccomp(const ChildResources& resources, int socket) noexcept {
  // Of two filters that answer alike the later one counts: the container's own refusals stay.
  for (const auto* program : {resources.root_emulation, resources.seccomp}) {
    if (program != nullptr) install_filter(*program, socket);
  }
}

/// What exec would close, but for those that are still needed: a lock of the parent's among it.
void let_go_of_descriptors(const ChildPlan& plan, const ChildResources& resources,
                           int label_file) noexcept {
  const ProcessPlan& process = plan.process;
  int kept[5 + ShownNamespaces::k_most] = {resources.socket, label_file, process.reaper,
                                           resources.launcher, plan.start_listener};
  int* next = kept + 5;
  for (const auto& shown : resources.shown.entries) *next++ = shown.descriptor;
  // In the place of those that the caller promised and did not have there may be some of ours.
  for (int fd = 3; fd < 3 + process.preserved_fds; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    const bool is_kept = std::ranges::find(kept, fd) != std::end(kept);
    if (flags >= 0 && (flags & FD_CLOEXEC) != 0 && !is_kept) ::close(fd);
  }
  linux::close_all_but(3 + static_cast<int>(process.preserved_fds), kept);
}

/// Until the parent, or whoever comes in its place, lets it go on to its program.
/// @returns the socket to whom that is
int wait_to_become_program(const ChildPlan& plan, const ShownNamespaces& shown,
                           int socket) noexcept {
  if (plan.visible_when_ready) ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  hold(socket, protocol::Kind::ready);
  if (plan.start_listener >= 0) socket = wait_for_starter(plan.start_listener, shown, socket);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return socket;
}

/// After the last look: nothing of the host's is to be found in a container's process.
void let_go_of_proc(ChildResources& resources) noexcept {
  resources.denies_groups = user_namespace_denies_groups(resources.proc);
  ::close(resources.proc);
  resources.proc = -1;
}

/// The end that both entries share: from the joined or built container to the program.
[[noreturn]] void become_program(const ChildPlan& plan, ChildResources& resources,
                                 int label_file) noexcept {
  int socket = resources.socket;
  const ProcessPlan& process = plan.process;
  const char* directory = process.working_directory.c_str();
  if (!process.terminal) {
    take_standard_streams(resources);
    take_own_null();
  }
  // Before a filter may forbid it, and before a working directory is entered by way of one.
  let_go_of_descriptors(plan, resources, label_file);
  if (process.affinity) ::sched_setaffinity(0, sizeof *process.affinity, &*process.affinity);
  apply_rlimits(process, socket);
  apply_scheduling(process.scheduling, socket);
  if (process.first != FirstProcess::pause) refuse_own_program(process, socket);
  // As root first: the user may not be allowed in, and then need not be (runc, docker).
  const bool inside = ::chdir(directory) == 0;
  // A filter may forbid what waiting takes.
  if (plan.holds_before_filter) socket = wait_to_become_program(plan, resources.shown, socket);
  apply_groups(process, resources.denies_groups, socket);
  // Without no_new_privs only CAP_SYS_ADMIN may install a filter: while we still have it.
  if (!process.no_new_privileges) install_seccomp(resources, socket);
  apply_credentials(process, socket);
  if (!inside) check(socket, ::chdir(directory), Step::working_directory, directory);
  verify_inside_root(directory, socket);
  if (process.umask) ::umask(*process.umask);
  if (process.personality) {
    check(socket, ::personality(*process.personality), Step::personality, "");
  }
  const bool has_program = process.first != FirstProcess::pause;
  const char* program = has_program ? find_program(process, socket) : nullptr;
  apply_security_label(process, label_file, socket);
  if (process.no_new_privileges) {
    check(socket, ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), Step::no_new_privileges, "");
    install_seccomp(resources, socket);
  }
  if (process.ends_with_parent) end_with_parent(socket);
  if (plan.wait_when_ready && !plan.holds_before_filter) {
    socket = wait_to_become_program(plan, resources.shown, socket);
  }
  if (!has_program) pause_until_told(process);
  run_program(process, *resources.vectors, program, resources.launcher, socket);
}

}  // namespace

void run_container(const ChildPlan& plan, ChildResources& resources) noexcept {
  const int socket = resources.socket;
  ::close(resources.parent_socket);
  ::prctl(PR_SET_NAME, "coracle:init", 0, 0, 0);
  if (plan.wait_for_parent) wait_for_go(socket);
  // Born in a user namespace of others, it has that from the process between.
  const int time_offsets =
      plan.joins_user_namespace ? -1 : prepare_and_hide(plan, resources.proc, socket);
  if (plan.own_user_namespace && !plan.own_mounts) become_root_of_namespace(socket);
  check(socket, ::setsid(), Step::session, "");
  const int label_file = open_label_file(plan.process, resources.proc);
  enter_namespaces(plan, socket);
  if (!plan.joins_user_namespace) {
    make_time_namespace(plan, time_offsets, resources.proc, socket);
  }
  join_keyring(plan.process, socket);
  resources.shown = open_namespaces(plan.shown_namespaces, resources.proc, socket);
  show_namespaces(resources.shown, socket);
  if (plan.waits_for_interfaces) take_interfaces(resources.proc, socket);
  let_go_of_proc(resources);
  if (plan.new_network) bring_up_loopback(socket);
  set_names(plan, socket);
  if (plan.own_mounts) build_file_system(plan, resources);
  if (plan.chroot_only) build_chroot(plan, resources);
  become_program(plan, resources, label_file);
}

void run_joining(const ChildPlan& plan, ChildResources& resources) noexcept {
  const int socket = resources.socket;
  ::close(resources.parent_socket);
  ::prctl(PR_SET_NAME, "coracle:exec", 0, 0, 0);
  if (plan.wait_for_parent) wait_for_go(socket);
  check(socket, ::setsid(), Step::session, "");
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // Unless born so, see HiddenBirth.
  const int label_file = open_label_file(plan.process, resources.proc);
  enter_namespaces(plan, socket);
  join_keyring(plan.process, socket);
  let_go_of_proc(resources);
  if (plan.chroot_only) {
    build_chroot(plan, resources);
  } else {
    check(socket, ::chdir("/"), Step::working_directory, "/");
    if (plan.process.terminal) open_terminal(plan.process, nullptr, socket);
  }
  become_program(plan, resources, label_file);
}

}  // namespace coracle::runtime::child
