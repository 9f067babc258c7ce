// SPDX-License-Identifier: Apache-2.0
// Attributes of mounts: by mount_setattr(2) where the kernel has it, and by mount(2) where it has
// not (before 5.12).
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "coracle/linux/mount.hpp"
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

bool change(int descriptor, std::uint64_t set, std::uint64_t clear,
            linux::Submounts submounts) noexcept {
  if (linux::try_change_mount(descriptor, set, clear, submounts)) return true;
  if (errno != ENOSYS) return false;
  if (remount(DescriptorPath(descriptor).c_str(), set, clear)) return true;
  errno = ENOSYS;
  return false;
}

}  // namespace

bool set_attributes(int descriptor, const MountAttributes& attributes) noexcept {
  return change(descriptor, attributes.set, attributes.clear, linux::Submounts::left_out) &&
         change(descriptor, attributes.recursive_set, attributes.recursive_clear,
                linux::Submounts::included);
}

bool change_propagation(int descriptor, unsigned long kind, linux::Submounts submounts) noexcept {
  if (linux::try_set_propagation(descriptor, kind, submounts)) return true;
  if (errno != ENOSYS) return false;
  const unsigned long depth = submounts == linux::Submounts::included ? MS_REC : 0;
  return ::mount(nullptr, DescriptorPath(descriptor).c_str(), nullptr, kind | depth, nullptr) == 0;
}

}  // namespace coracle::runtime::child
