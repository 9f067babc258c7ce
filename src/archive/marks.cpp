// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/marks_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/linux/capabilities.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::archive {
namespace {

constexpr const char* k_trusted_opaque = "trusted.overlay.opaque";
constexpr const char* k_user_opaque = "user.overlay.opaque";  // with the mount option userxattr
constexpr const char* k_fuse_opaque = "user.fuseoverlayfs.opaque";

}  // namespace

bool try_make_whiteout(int directory, const char* name) noexcept {
  // Not a device in the sense of mknod(2): the kernel allows 0/0 to everybody since 5.8.
  if (::mknodat(directory, name, S_IFCHR, ::makedev(0, 0)) == 0) return true;
  return errno == EPERM && ::mknodat(directory, name, S_IFSOCK, 0) == 0;
}

bool is_opaque(int directory) noexcept {
  for (const char* name : {k_user_opaque, k_trusted_opaque, k_fuse_opaque}) {
    char value = 0;
    if (::fgetxattr(directory, name, &value, 1) == 1 && value == 'y') return true;
  }
  return false;
}

bool may_set_trusted() {
  return !linux::in_user_namespace() && linux::holds_capability("sys_admin");
}

void set_opaque(int directory, bool trusted) {
  if (trusted && ::fsetxattr(directory, k_trusted_opaque, "y", 1, 0) != 0) {
    throw SysError("cannot mark a directory as opaque");
  }
  const bool kernel = ::fsetxattr(directory, k_user_opaque, "y", 1, 0) == 0;
  const bool fuse = ::fsetxattr(directory, k_fuse_opaque, "y", 1, 0) == 0;
  if (!trusted && !kernel && !fuse) throw SysError("cannot mark a directory as opaque");
}

void clear_opaque(int directory) noexcept {
  for (const char* name : {k_user_opaque, k_trusted_opaque, k_fuse_opaque}) {
    ::fremovexattr(directory, name);
  }
  for (const char* name : k_opaque_books) ::unlinkat(directory, name, 0);
}

bool is_private_attribute(std::string_view name) noexcept {
  return name.starts_with("user.overlay.") || name.starts_with("trusted.overlay.") ||
         name.starts_with("user.fuseoverlayfs.") || name.starts_with("user.coracle.");
}

}  // namespace coracle::archive
