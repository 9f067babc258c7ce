// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/mounts.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "coracle/linux/copy_tree.hpp"
#include "runtime/child/failure.hpp"
#include "runtime/child/mount_target.hpp"

namespace coracle::runtime::child {
namespace {

using protocol::Step;

/// A path of the host, relative to its root directory's descriptor.
const char* relative(const std::string& path) noexcept {
  const char* text = path.c_str();
  while (*text == '/') ++text;
  return *text == '\0' ? "." : text;
}

/// Kernels before 5.2: bind from the host's tree, which is still attached below the new root.
void bind_by_path(const char* source, const char* target, bool recursive, int host_root,
                  int socket) noexcept {
  check(socket, ::fchdir(host_root), Step::bind_source, source);
  const unsigned long flags = MS_BIND | (recursive ? unsigned{MS_REC} : 0U);
  check(socket, ::mount(source, target, nullptr, flags, nullptr), Step::mount, target);
  check(socket, ::chdir("/"), Step::mount, target);
}

void set_propagation(const char* target, const MountAttributes& attributes, int socket) noexcept {
  if (attributes.propagation == 0) return;
  const unsigned long flags = attributes.propagation | (attributes.propagation_recursive ? unsigned{MS_REC} : 0U);
  check(socket, ::mount(nullptr, target, nullptr, flags, nullptr), Step::propagation, target);
}

void apply_bind(const MountStep& step, int source, int host_root, int socket) noexcept {
  const char* target = step.target.c_str();
  if (!ensure_target(target, step.target_is_file)) fail(socket, Step::mount_target, target);
  if (source >= 0) {
    if (!set_attributes(source, nullptr, step.attributes)) {
      fail(socket, Step::mount_attributes, target);
    }
    if (!attach_mount(source, target)) fail(socket, Step::mount, target);
    ::close(source);
  } else {
    bind_by_path(relative(step.source), target, step.recursive, host_root, socket);
    const int mounted = ::open(target, O_PATH | O_CLOEXEC);
    if (!set_attributes(mounted, target, step.attributes)) {
      fail(socket, Step::mount_attributes, target);
    }
    ::close(mounted);
  }
  set_propagation(target, step.attributes, socket);
}

/// proc and sysfs of the host, where the kernel refuses new ones: it wants the network namespace to
/// be ours for sysfs, and nothing hidden in the instances that we can see.
void bind_refused(const MountStep& step, int host_root, int socket) noexcept {
  const char* source = step.type == "proc" ? "proc" : "sys";
  const int clone = clone_mount(host_root, source, true);
  if (clone >= 0) {
    // What is mounted below (cgroup, debugfs) comes along and may be locked; read-only holds for all.
    MountAttributes attributes = step.attributes;
    attributes.recursive_set |= attributes.set & MOUNT_ATTR_RDONLY;
    attributes.set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
    if (!set_attributes(clone, nullptr, attributes)) {
      fail(socket, Step::mount_attributes, step.target.c_str());
    }
    if (!attach_mount(clone, step.target.c_str())) fail(socket, Step::mount, step.target.c_str());
    ::close(clone);
  } else {
    bind_by_path(source, step.target.c_str(), true, host_root, socket);
  }
}

unsigned long old_flags(std::uint64_t attributes) noexcept {
  unsigned long flags = 0;
  if ((attributes & MOUNT_ATTR_RDONLY) != 0) flags |= MS_RDONLY;
  if ((attributes & MOUNT_ATTR_NOSUID) != 0) flags |= MS_NOSUID;
  if ((attributes & MOUNT_ATTR_NODEV) != 0) flags |= MS_NODEV;
  if ((attributes & MOUNT_ATTR_NOEXEC) != 0) flags |= MS_NOEXEC;
  if ((attributes & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME) flags |= MS_NOATIME;
  if ((attributes & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME) flags |= MS_STRICTATIME;
  if ((attributes & MOUNT_ATTR_NODIRATIME) != 0) flags |= MS_NODIRATIME;
  return flags;
}

void apply_file_system(const MountStep& step, int host_root, int socket) noexcept {
  const char* target = step.target.c_str();
  if (!ensure_target(target, false)) fail(socket, Step::mount_target, target);
  const int before = step.copy_up ? ::open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  std::uint64_t wanted = step.attributes.set | step.attributes.recursive_set;
  // What is to be filled becomes read-only afterwards.
  if (step.copy_up) wanted &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  const unsigned long flags = step.flags | old_flags(wanted);
  const char* data = step.data.empty() ? nullptr : step.data.c_str();
  if (::mount(step.source.c_str(), target, step.type.c_str(), flags, data) != 0) {
    const bool refused = errno == EPERM || errno == EBUSY;
    if (!refused || !step.bind_when_refused) fail(socket, Step::mount, target);
    bind_refused(step, host_root, socket);
  }
  if (before >= 0) {
    const int after = ::open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (after < 0 || !linux::try_copy_tree(before, after)) fail(socket, Step::copy_up, target);
    ::close(after);
    ::close(before);
    MountAttributes readonly{};
    readonly.set = step.attributes.set & MOUNT_ATTR_RDONLY;
    const int mounted = ::open(target, O_PATH | O_CLOEXEC);
    if (!set_attributes(mounted, target, readonly)) fail(socket, Step::mount_attributes, target);
    ::close(mounted);
  }
  set_propagation(target, step.attributes, socket);
}

void make_node(const DeviceStep& device, int socket) noexcept {
  const char* path = device.path.c_str();
  if (::mknod(path, device.mode, device.number) != 0) {
    struct stat info {};
    const bool same = errno == EEXIST && ::lstat(path, &info) == 0 && info.st_rdev == device.number &&
                      (info.st_mode & S_IFMT) == (device.mode & S_IFMT);
    if (!same) fail(socket, Step::device, path);
  }
  check(socket, ::chmod(path, device.mode & 07777), Step::device, path);
  check(socket, ::chown(path, device.uid, device.gid), Step::device, path);
}

void bind_device(const DeviceStep& device, int source, int host_root, int socket) noexcept {
  const char* path = device.path.c_str();
  if (!ensure_target(path, true)) fail(socket, Step::device, path);
  if (source < 0) {
    bind_by_path(relative(device.source), path, false, host_root, socket);
    return;
  }
  if (!attach_mount(source, path)) fail(socket, Step::device, path);
  ::close(source);
}

}  // namespace

void open_sources(const ChildPlan& plan, MountSources& sources, int socket) noexcept {
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    const MountStep& step = plan.mounts[i];
    sources.mounts[i] = -1;
    if (step.kind != MountStep::Kind::bind) continue;
    sources.mounts[i] = clone_mount(AT_FDCWD, step.source.c_str(), step.recursive);
    if (sources.mounts[i] < 0 && errno != ENOSYS) {
      fail(socket, Step::bind_source, step.source.c_str());
    }
  }
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    const DeviceStep& device = plan.devices[i];
    sources.devices[i] = -1;
    if (plan.make_nodes || S_ISFIFO(device.mode)) continue;
    sources.devices[i] = clone_mount(AT_FDCWD, device.source.c_str(), false);
    if (sources.devices[i] < 0 && errno != ENOSYS) {
      fail(socket, Step::bind_source, device.source.c_str());
    }
  }
}

void apply_mounts(const ChildPlan& plan, MountSources& sources, int host_root, int socket) noexcept {
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    if (plan.mounts[i].kind == MountStep::Kind::bind) {
      apply_bind(plan.mounts[i], sources.mounts[i], host_root, socket);
    } else {
      apply_file_system(plan.mounts[i], host_root, socket);
    }
  }
}

void apply_devices(const ChildPlan& plan, MountSources& sources, int host_root, int socket) noexcept {
  const mode_t umask = ::umask(0);
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    const DeviceStep& device = plan.devices[i];
    if (plan.make_nodes || S_ISFIFO(device.mode)) {
      make_node(device, socket);
    } else {
      bind_device(device, sources.devices[i], host_root, socket);
    }
  }
  for (const LinkStep& link : plan.links) {
    if (::symlink(link.target.c_str(), link.path.c_str()) != 0 && errno != EEXIST) {
      fail(socket, Step::device, link.path.c_str());
    }
  }
  ::umask(umask);
}

void apply_masked_paths(const ChildPlan& plan, int socket) noexcept {
  // One empty read-only directory serves all masked directories: copies of a mount are cheaper than
  // further file systems.
  int empty = -1;
  for (const auto& path : plan.masked_paths) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
      if (errno == ENOENT || errno == EACCES || errno == ENOTDIR) continue;
      fail(socket, Step::mask_path, path.c_str());
    }
    if (!S_ISDIR(info.st_mode)) {
      const int null = clone_mount(AT_FDCWD, "/dev/null", false);
      const bool masked =
          null >= 0 ? attach_mount(null, path.c_str())
                    : ::mount("/dev/null", path.c_str(), nullptr, MS_BIND, nullptr) == 0;
      if (!masked) fail(socket, Step::mask_path, path.c_str());
      if (null >= 0) ::close(null);
      continue;
    }
    const int copy = empty >= 0 ? clone_mount(empty, "", false) : -1;
    if (copy >= 0) {
      if (!attach_mount(copy, path.c_str())) fail(socket, Step::mask_path, path.c_str());
      ::close(copy);
      continue;
    }
    check(socket, ::mount("tmpfs", path.c_str(), "tmpfs", MS_RDONLY, "size=0k"), Step::mask_path, path);
    if (empty < 0) empty = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  }
  if (empty >= 0) ::close(empty);
}

void apply_readonly_paths(const ChildPlan& plan, int socket) noexcept {
  for (const auto& path : plan.readonly_paths) {
    MountAttributes attributes;
    attributes.recursive_set = MOUNT_ATTR_RDONLY;
    const int copy = clone_mount(AT_FDCWD, path.c_str(), true);
    if (copy >= 0) {
      if (!set_attributes(copy, nullptr, attributes)) fail(socket, Step::readonly_path, path.c_str());
      if (!attach_mount(copy, path.c_str())) fail(socket, Step::readonly_path, path.c_str());
      ::close(copy);
      continue;
    }
    if (errno == ENOENT || errno == ENOTDIR) continue;
    check(socket, ::mount(path.c_str(), path.c_str(), nullptr, MS_BIND | MS_REC, nullptr),
          Step::readonly_path, path);
    const int mounted = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (!set_attributes(mounted, path.c_str(), attributes)) {
      fail(socket, Step::readonly_path, path.c_str());
    }
    ::close(mounted);
  }
}

void make_root_readonly(int socket) noexcept {
  MountAttributes attributes;
  attributes.set = MOUNT_ATTR_RDONLY;
  const int root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0 || !set_attributes(root, "/", attributes)) fail(socket, Step::remount_root, "/");
  ::close(root);
}

}  // namespace coracle::runtime::child
