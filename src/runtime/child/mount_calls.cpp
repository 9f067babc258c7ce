// SPDX-License-Identifier: Apache-2.0
// The mount calls themselves: open_tree(2) and move_mount(2), mount_setattr(2) where the kernel has
// it and mount(2) where it has not (before 5.12).
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "runtime/child/mounts.hpp"

namespace coracle::runtime::child {
namespace {

struct FlagPair {
  std::uint64_t attribute;
  unsigned long flag;
  unsigned long held;  ///< the bit that statvfs(3) reports for it
};

constexpr FlagPair k_flags[] = {
    {MOUNT_ATTR_RDONLY, MS_RDONLY, ST_RDONLY},
    {MOUNT_ATTR_NOSUID, MS_NOSUID, ST_NOSUID},
    {MOUNT_ATTR_NODEV, MS_NODEV, ST_NODEV},
    {MOUNT_ATTR_NOEXEC, MS_NOEXEC, ST_NOEXEC},
    {MOUNT_ATTR_NOATIME, MS_NOATIME, ST_NOATIME},
    {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME, ST_NODIRATIME},
};

/// mount(2) replaces all flags at once: those held already and not cleared must be named again, and
/// a user namespace may not drop those that it inherited.
bool remount(const char* path, std::uint64_t set, std::uint64_t clear) noexcept {
  struct statvfs held {};
  if (::statvfs(path, &held) != 0) return false;
  unsigned long flags = MS_BIND | MS_REMOUNT;
  for (const auto& pair : k_flags) {
    const bool kept = (held.f_flag & pair.held) != 0 && (clear & pair.attribute) == 0;
    if (kept || (set & pair.attribute) != 0) flags |= pair.flag;
  }
  return ::mount(nullptr, path, nullptr, flags, nullptr) == 0;
}

bool set_by_fd(int descriptor, std::uint64_t set, std::uint64_t clear, bool recursive) noexcept {
  if (set == 0 && clear == 0) return true;
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  if ((set & MOUNT_ATTR__ATIME) != 0) attributes.attr_clr |= MOUNT_ATTR__ATIME;
  const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);
  if (::mount_setattr(descriptor, "", flags, &attributes, sizeof attributes) == 0) return true;
  if (errno != ENOSYS) return false;
  if (remount(DescriptorPath(descriptor).c_str(), set, clear)) return true;
  errno = ENOSYS;
  return false;
}

}  // namespace

bool set_attributes(int descriptor, const MountAttributes& attributes) noexcept {
  return set_by_fd(descriptor, attributes.set, attributes.clear, false) &&
         set_by_fd(descriptor, attributes.recursive_set, attributes.recursive_clear, true);
}

int clone_mount(int directory, const char* path, bool recursive) noexcept {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
                         (*path == '\0' ? unsigned{AT_EMPTY_PATH} : 0U) |
                         (recursive ? unsigned{AT_RECURSIVE} : 0U);
  return ::open_tree(directory, path, flags);
}

bool attach_mount(int mount, int place) noexcept {
  return ::move_mount(mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0;
}

}  // namespace coracle::runtime::child
