// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/mount.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "coracle/base/error.hpp"

namespace coracle::linux {
namespace {

unsigned recursive(Submounts submounts) noexcept {
  return submounts == Submounts::included ? unsigned{AT_RECURSIVE} : 0U;
}

bool is_mount_root(int directory, const char* path, int flags) noexcept {
  struct statx info {};
  return ::statx(directory, path, flags | AT_STATX_DONT_SYNC, 0, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace

Fd try_clone_mount(int directory, const char* path, Submounts submounts) noexcept {
  const unsigned empty = *path == '\0' ? unsigned{AT_EMPTY_PATH} : 0U;
  return Fd(::open_tree(directory, path,
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | empty | recursive(submounts)));
}

Fd clone_mount(int place, Submounts submounts, std::string_view name) {
  Fd mount = try_clone_mount(place, "", submounts);
  if (!mount) throw SysError("cannot mount '{}'", name);
  return mount;
}

bool try_attach_mount(int mount, int place) noexcept {
  return ::move_mount(mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0;
}

bool try_attach_mount(int mount, const std::string& place) noexcept {
  return ::move_mount(mount, "", AT_FDCWD, place.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0;
}

void attach_mount(int mount, int place, std::string_view name) {
  if (!try_attach_mount(mount, place)) throw SysError("cannot mount on '{}'", name);
}

void attach_mount(int mount, const std::string& place) {
  if (!try_attach_mount(mount, place)) throw SysError("cannot mount on '{}'", place);
}

bool try_change_mount(int mount, std::uint64_t set, std::uint64_t clear,
                      Submounts submounts) noexcept {
  if (set == 0 && clear == 0) return true;
  mount_attr attributes{};
  attributes.attr_set = set;
  attributes.attr_clr = clear;
  if ((set & MOUNT_ATTR__ATIME) != 0) attributes.attr_clr |= MOUNT_ATTR__ATIME;
  return ::mount_setattr(mount, "", AT_EMPTY_PATH | recursive(submounts), &attributes,
                         sizeof attributes) == 0;
}

bool try_set_propagation(int mount, unsigned long kind, Submounts submounts) noexcept {
  mount_attr attributes{};
  attributes.propagation = kind;
  return ::mount_setattr(mount, "", AT_EMPTY_PATH | recursive(submounts), &attributes,
                         sizeof attributes) == 0;
}

bool try_map_mount_owners(int mount, int user_namespace, Submounts submounts) noexcept {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
  return ::mount_setattr(mount, "", AT_EMPTY_PATH | recursive(submounts), &attributes,
                         sizeof attributes) == 0;
}

bool is_mount_point(const std::string& path) noexcept {
  return is_mount_root(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW);
}

bool is_mount_point(int place) noexcept {
  return is_mount_root(place, "", AT_EMPTY_PATH);
}

}  // namespace coracle::linux
