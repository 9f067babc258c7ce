// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/rootfs.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/child/failure.hpp"

namespace coracle::runtime::child {
namespace {

using protocol::Step;

}  // namespace

Roots enter_rootfs(const ChildPlan& plan, int socket) noexcept {
  check(socket, ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), Step::propagation, "/");
  const int host_root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  check(socket, host_root, Step::pivot_root, "/");
  if (plan.rootfs.kind == linux::RootfsPlan::Kind::overlay) {
    if (!linux::try_mount_overlay(plan.rootfs)) {
      fail(socket, Step::rootfs_mount, plan.rootfs.mount_point.c_str());
    }
  } else {
    // pivot_root wants a mount point.
    const char* root = plan.rootfs.mount_point.c_str();
    check(socket, ::mount(root, root, nullptr, MS_BIND | MS_REC, nullptr), Step::rootfs_mount,
          root);
  }
  // chroot for now, not pivot_root: that would put the host's tree on top of the new root, where a
  // ".." in an image's symbolic link leads into it. The host's tree must stay attached until proc
  // and sysfs are mounted: in a user namespace the kernel wants to see others of them.
  check(socket, ::chdir(plan.rootfs.mount_point.c_str()), Step::pivot_root,
        plan.rootfs.mount_point);
  check(socket, ::chroot("."), Step::pivot_root, plan.rootfs.mount_point);
  const int inside = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  check(socket, inside, Step::pivot_root, "/");
  // Paths by descriptors start here, see DescriptorPath.
  check(socket, ::fchdir(host_root), Step::pivot_root, "the host's root");
  return {inside, host_root};
}

void leave_host_root(const ChildPlan& plan, const Roots& roots, int socket) noexcept {
  const int host_root = roots.host;
  const int root = roots.inside;
  // Out of the chroot, so that the kernel lets the two roots change places.
  check(socket, ::fchdir(host_root), Step::pivot_root, "the host's root");
  check(socket, ::chroot("."), Step::pivot_root, "the host's root");
  check(socket, ::fchdir(root), Step::pivot_root, "/");
  if (plan.pivot) {
    // The new root below the old one, at the same place (pivot_root(2), NOTES).
    check(socket, static_cast<int>(::syscall(SYS_pivot_root, ".", ".")), Step::pivot_root, "/");
    check(socket, ::fchdir(host_root), Step::pivot_root, "the host's root");
    // Never let the detaching travel back to the host.
    check(socket, ::mount(nullptr, ".", nullptr, MS_REC | MS_PRIVATE, nullptr), Step::propagation,
          "the host's root");
    check(socket, ::umount2(".", MNT_DETACH), Step::pivot_root, "the host's root");
  } else {
    check(socket, ::mount(".", "/", nullptr, MS_MOVE, nullptr), Step::pivot_root, "/");
    check(socket, ::chroot("."), Step::pivot_root, "/");
  }
  check(socket, ::chdir("/"), Step::pivot_root, "/");
  ::close(root);
  ::close(host_root);
  if (plan.root_propagation != 0) {
    check(socket, ::mount(nullptr, "/", nullptr, plan.root_propagation, nullptr), Step::propagation,
          "/");
  }
}

Roots open_directory_as_root(const ChildPlan& plan, int socket) noexcept {
  const char* root = plan.rootfs.mount_point.c_str();
  const int inside = ::open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  check(socket, inside, Step::rootfs_mount, root);
  const int host_root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  check(socket, host_root, Step::pivot_root, "/");
  // Paths by descriptors start here, see DescriptorPath.
  check(socket, ::fchdir(host_root), Step::pivot_root, "the host's root");
  return {inside, host_root};
}

void change_root(const Roots& roots, int socket) noexcept {
  check(socket, ::fchdir(roots.inside), Step::pivot_root, "/");
  check(socket, ::chroot("."), Step::pivot_root, "/");
  check(socket, ::chdir("/"), Step::pivot_root, "/");
  ::close(roots.inside);
  ::close(roots.host);
}

}  // namespace coracle::runtime::child
