// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/user_namespace_trial.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/capabilities.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::linux {
namespace {

std::string sysctl(const char* name) {
  return std::string(trim(read_file_if_exists(std::string("/proc/sys/") + name).value_or("")));
}

bool is_in_chroot() {
  struct stat ours {};
  struct stat first {};
  return ::stat("/", &ours) == 0 && ::stat("/proc/1/root/.", &first) == 0 &&
         (ours.st_ino != first.st_ino || ours.st_dev != first.st_dev);
}

int error_of(int result) noexcept {
  return result == 0 ? 0 : errno;
}

/// In a child that goes away with all it has done.
NamespaceTrial try_all() {
  NamespaceTrial trial;
  const auto maps = single_mapping();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC) != 0) {
    trial.user_error = errno;
    return trial;
  }
  try {
    write_existing("/proc/self/setgroups", "deny");
    write_existing("/proc/self/uid_map", format_id_map(maps.uids));
    write_existing("/proc/self/gid_map", format_id_map(maps.gids));
  } catch (const SysError& error) {
    trial.user_error = error.code();
    trial.refused = NamespaceTrial::Step::map;
    return trial;
  }
  trial.user_error = error_of(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  if (trial.user_error == 0) {
    trial.user_error = error_of(::mount("tmpfs", "/", "tmpfs", 0, nullptr));
  }
  if (trial.user_error != 0) {
    trial.refused = NamespaceTrial::Step::mount;
    return trial;
  }

  if (::unshare(CLONE_NEWPID) != 0) {
    trial.proc_error = errno;
    return trial;
  }
  const pid_t pid = ::fork();
  if (pid < 0) {
    trial.proc_error = errno;
    return trial;
  }
  if (pid == 0) ::_exit(error_of(::mount("proc", "/proc", "proc", 0, nullptr)));
  int status = 0;
  ::waitpid(pid, &status, 0);
  trial.proc_error = exit_code_of(status);
  return trial;
}

Refusal refusal_of_filter() {
  return {"a seccomp filter, such as that of a container around this one, refuses it",
          "start that one with --security-opt seccomp=unconfined (docker, podman), or with "
          "seccompProfile.type: Unconfined (Kubernetes)"};
}

/// AppArmor's rules may allow what is asked for and nothing else: one that is meant tells.
bool allows_some_mount() noexcept {
  try {
    const NamespaceTrial trial = try_namespaces();
    return trial.user_error == 0 || trial.refused != NamespaceTrial::Step::mount;
  } catch (const std::exception&) {
    return false;
  }
}

int end_at_once(void* /*unused*/) {
  ::_exit(0);
}

}  // namespace

bool is_filtered() {
  const auto status = read_file_if_exists("/proc/self/status").value_or("");
  return status.find("\nSeccomp:\t2") != std::string::npos;
}

bool is_lasting_refusal(int error) {
  if (error == ENOSPC || error == EUSERS) return sysctl("user/max_user_namespaces") == "0";
  // EINVAL: a kernel without them.
  return error == EPERM || error == EACCES || error == ENOSYS || error == EINVAL;
}

std::optional<Refusal> find_helper_problem(const std::string& program) {
  const auto path = find_program(program);
  if (!path) {
    return Refusal{program + " is not installed",
                   "install it (Debian, Ubuntu: apt-get install uidmap; Fedora: dnf install "
                   "shadow-utils)"};
  }
  struct stat info {};
  const bool is_setuid =
      ::stat(path->c_str(), &info) == 0 && (info.st_mode & S_ISUID) != 0 && info.st_uid == 0;
  if (!is_setuid && ::getxattr(path->c_str(), "security.capability", nullptr, 0) <= 0) {
    return Refusal{
        *path + " is neither setuid root nor has it capabilities",
        fmt::format("sudo setcap cap_set{}+ep {}", program == "newgidmap" ? "gid" : "uid", *path)};
  }
  struct statvfs mount {};
  if (::statvfs(path->c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0) {
    return Refusal{*path + " is on a file system that is mounted with nosuid",
                   "mount it without nosuid"};
  }
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
    return Refusal{*path + " cannot gain privileges here: no_new_privs is set",
                   "start what is around this (a container, a service) without "
                   "no-new-privileges"};
  }
  return std::nullopt;
}

std::string apparmor_profile() {
  const std::string program = read_link("/proc/self/exe");
  return fmt::format(
      "abi <abi/4.0>,\ninclude <tunables/global>\nprofile coracle {} flags=(unconfined) {{\n"
      "  userns,\n}}\n",
      program);
}

Refusal explain_refusal(int error) {
  if (!exists("/proc/self/ns/user")) {
    return {"this kernel has no user namespaces", "use one that is built with CONFIG_USER_NS"};
  }
  if (sysctl("user/max_user_namespaces") == "0") {
    return {"user.max_user_namespaces is 0", "run: sudo sysctl -w user.max_user_namespaces=15000"};
  }
  const bool is_user = ::geteuid() != 0;
  if (is_user && sysctl("kernel/unprivileged_userns_clone") == "0") {
    return {"kernel.unprivileged_userns_clone is 0",
            "run: sudo sysctl -w kernel.unprivileged_userns_clone=1"};
  }
  if (is_user && sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1" && !is_filtered()) {
    return {"AppArmor keeps user namespaces from programs without a profile",
            "write a profile as `coracle system doctor` shows it, or run: sudo sysctl -w "
            "kernel.apparmor_restrict_unprivileged_userns=0",
            true};
  }
  if (error == ENOSPC || error == EUSERS) {
    return {"there are as many user namespaces, or one in the other, as are allowed",
            "raise user.max_user_namespaces, see sysctl(8)"};
  }
  if (is_filtered()) return refusal_of_filter();
  if (error == EPERM && is_in_chroot()) {
    return {"there are none in a chroot", "use pivot_root(8) or unshare --root instead of chroot"};
  }
  return {fmt::format("the kernel, or a security module, says: {}", ::strerror(error)),
          "look into the kernel's log, dmesg(1)"};
}

Refusal explain_map_refusal() {
  if (::geteuid() == 0 && !holds_capability("setfcap")) {
    return {"root has no capability CAP_SETFCAP here, without which its id cannot be mapped",
            "start the container around this one with it"};
  }
  return {"the kernel, or a security module, lets no ids be mapped",
          "look into the kernel's log, dmesg(1)"};
}

Refusal explain_mount_refusal(int error) {
  // Modules with labels say EACCES, filters what they like, and that is EPERM in all the usual
  // ones.
  if (error != EACCES && is_filtered()) return refusal_of_filter();
  return {fmt::format("a security module, such as AppArmor with the profile of a container around "
                      "this one, says: {}",
                      ::strerror(error)),
          "start that one with --security-opt apparmor=unconfined, or label=disable (docker, "
          "podman), or with appArmorProfile.type: Unconfined (Kubernetes)"};
}

Refusal explain_refusal(const NamespaceTrial& trial) {
  switch (trial.refused) {
    case NamespaceTrial::Step::creation: return explain_refusal(trial.user_error);
    case NamespaceTrial::Step::map: return explain_map_refusal();
    case NamespaceTrial::Step::mount: return explain_mount_refusal(trial.user_error);
  }
  return explain_refusal(trial.user_error);
}

int try_mount() noexcept {
  // Both at once nobody can have (mount(2)), but that is looked at last.
  if (::mount(nullptr, "/", nullptr, MS_SLAVE | MS_PRIVATE, nullptr) == 0) return 0;
  if (errno == EACCES) return allows_some_mount() ? 0 : EACCES;
  if (errno != EPERM) return errno == EINVAL ? 0 : errno;
  // We lack CAP_SYS_ADMIN, which modules are asked before. A filter is asked before anything else.
  if (::mount(nullptr, nullptr, nullptr, 0, nullptr) == 0) return 0;
  return errno == EFAULT ? 0 : errno;
}

int try_user_namespace() {
  // With our memory: a copy of it would take longer than all the rest.
  constexpr int k_flags = CLONE_NEWUSER | CLONE_VM | CLONE_VFORK | SIGCHLD;
  alignas(16) char stack[16384];
  const pid_t pid = ::clone(end_at_once, stack + sizeof stack, k_flags, nullptr);
  if (pid < 0) return errno;
  (void)Child(pid).wait();
  return 0;
}

NamespaceTrial try_namespaces() {
  Pipe answer = make_pipe();
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid == 0) {
    NamespaceTrial trial;
    try {
      trial = try_all();
    } catch (...) {
      trial.user_error = EIO;
    }
    (void)!::write(answer.write.get(), &trial, sizeof trial);
    ::_exit(0);
  }
  Child child(pid);
  answer.write.reset();
  const std::string bytes = read_all(answer.read.get(), 4096);
  (void)child.wait();
  NamespaceTrial trial;
  trial.user_error = EIO;
  if (bytes.size() == sizeof trial) ::memcpy(&trial, bytes.data(), sizeof trial);
  return trial;
}

}  // namespace coracle::linux
