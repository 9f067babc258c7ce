// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/credentials.hpp"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "coracle/linux/file_system_type.hpp"
#include "runtime/child/failure.hpp"

namespace coracle::runtime::child {
namespace {

using protocol::Step;

void drop_bounding(linux::CapabilitySet kept, int socket) noexcept {
  for (int number = 0; number < 64; ++number) {
    const int held = ::prctl(PR_CAPBSET_READ, number, 0, 0, 0);
    if (held < 0) return;  // The first that the kernel does not know.
    if (held == 0 || (kept >> number & 1) != 0) continue;
    check(socket, ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0), Step::capabilities, "bounding set");
  }
}

int set_capabilities(const ProcessPlan& process) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  for (int word = 0; word < 2; ++word) {
    const int shift = word * 32;
    data[word].effective = static_cast<__u32>(process.effective >> shift);
    data[word].permitted = static_cast<__u32>(process.permitted >> shift);
    data[word].inheritable = static_cast<__u32>(process.inheritable >> shift);
  }
  return static_cast<int>(::syscall(SYS_capset, &header, data));
}

void raise_ambient(linux::CapabilitySet ambient, int socket) noexcept {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int number = 0; number < 64; ++number) {
    if ((ambient >> number & 1) == 0) continue;
    check(socket, ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0), Step::capabilities,
          "ambient set");
  }
}

/// Pipes and terminals given as standard streams belong to whoever made them; the user of the
/// container must be able to open /dev/stdout.
void own_streams(uid_t uid) noexcept {
  struct stat null {};
  const bool have_null = ::stat("/dev/null", &null) == 0;
  for (int fd = 0; fd < 3; ++fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0 || info.st_uid == uid) continue;
    if (have_null && info.st_rdev == null.st_rdev && S_ISCHR(info.st_mode)) continue;
    if (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)) ::fchown(fd, uid, static_cast<gid_t>(-1));
  }
}

}  // namespace

void apply_rlimits(const ProcessPlan& process, int socket) noexcept {
  for (const auto& limit : process.rlimits) {
    check(socket, ::setrlimit(static_cast<__rlimit_resource>(limit.resource), &limit.value),
          Step::rlimit, limit.name);
  }
}

bool user_namespace_denies_groups(int proc) noexcept {
  char rule[4] = {};
  const int fd = ::openat(proc, "self/setgroups", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const auto size = ::read(fd, rule, sizeof rule);
  ::close(fd);
  return size == sizeof rule && ::memcmp(rule, "deny", sizeof rule) == 0;
}

void apply_groups(const ProcessPlan& process, bool are_denied, int socket) noexcept {
  // Nobody may set them then: who asks for none keeps those there are.
  if (process.keep_groups || (process.groups.empty() && are_denied)) return;
  check(socket, ::setgroups(process.groups.size(), process.groups.data()), Step::groups, "");
}

void apply_credentials(const ProcessPlan& process, int socket) noexcept {
  own_streams(process.uid);
  if (process.set_capabilities) drop_bounding(process.bounding, socket);
  check(socket, ::prctl(PR_SET_KEEPCAPS, process.set_capabilities ? 1 : 0, 0, 0, 0),
        Step::capabilities, "keep capabilities");
  check(socket, ::setresgid(process.gid, process.gid, process.gid), Step::user, "group");
  check(socket, ::setresuid(process.uid, process.uid, process.uid), Step::user, "user");
  if (process.set_capabilities) {
    check(socket, set_capabilities(process), Step::capabilities, "process");
    raise_ambient(process.ambient, socket);
  }
  check(socket, ::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0), Step::capabilities, "keep capabilities");
  // Another identity makes of it what fs.suid_dumpable says (proc_sys_fs(5)).
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int open_label_file(const ProcessPlan& process, int proc) noexcept {
  if (process.apparmor_profile.empty() && process.selinux_label.empty()) return -1;
  // AppArmor's own file is there when another module is active, too.
  if (!process.apparmor_profile.empty()) {
    const int fd = ::openat(proc, "self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) return fd;
  }
  return ::openat(proc, "self/attr/exec", O_WRONLY | O_CLOEXEC);
}

void apply_security_label(const ProcessPlan& process, int label_file, int socket) noexcept {
  char text[512];
  const char* label = nullptr;
  if (!process.apparmor_profile.empty()) {
    if (process.apparmor_profile.size() + 6 > sizeof text) {
      fail(socket, Step::security_label, ENAMETOOLONG, process.apparmor_profile.c_str());
    }
    ::strcpy(text, "exec ");
    ::strcat(text, process.apparmor_profile.c_str());
    label = text;
  } else if (!process.selinux_label.empty()) {
    label = process.selinux_label.c_str();
  }
  if (label == nullptr) return;
  const auto size = static_cast<ssize_t>(::strlen(label));
  if (label_file < 0 || !linux::is_on_procfs(label_file) ||
      ::write(label_file, label, static_cast<std::size_t>(size)) != size) {
    fail(socket, Step::security_label, label);
  }
}

}  // namespace coracle::runtime::child
