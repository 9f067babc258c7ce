// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/mounts.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "coracle/linux/copy_tree.hpp"
#include "coracle/linux/mount.hpp"
#include "runtime/child/failure.hpp"
#include "runtime/child/mount_target.hpp"

namespace coracle::runtime::child {
namespace {

using protocol::Step;

void set_propagation(int mounted, unsigned long kind, linux::Submounts submounts,
                     const char* target, int socket) noexcept {
  if (!change_propagation(mounted, kind, submounts)) fail(socket, Step::propagation, target);
}

void set_propagation(int mounted, const MountStep& step, int socket) noexcept {
  const MountAttributes& attributes = step.attributes;
  if (attributes.propagation == 0) return;
  const auto submounts =
      attributes.propagation_recursive ? linux::Submounts::included : linux::Submounts::left_out;
  set_propagation(mounted, attributes.propagation, submounts, step.target.c_str(), socket);
}

/// A copy of a mount of the host is its peer, and so are those below: what is mounted on them
/// inside would appear outside.
void keep_from_host(int mounted, const char* target, int socket) noexcept {
  set_propagation(mounted, MS_SLAVE, linux::Submounts::included, target, socket);
}

/// Through a descriptor that is writable whatever the mount is going to be.
void fill_source(const MountStep& step, const Roots& roots, int socket) noexcept {
  const char* target = step.target.c_str();
  const int before = open_inside(roots, target, O_RDONLY | O_DIRECTORY);
  if (before < 0) return;  // Nothing is there that it could get.
  if (!linux::try_copy_tree(before, step.fill, linux::Existing::is_replaced)) {
    fail(socket, Step::copy_up, target);
  }
  ::close(before);
}

void apply_bind(const MountStep& step, int source, const Roots& roots, int socket) noexcept {
  const char* target = step.target.c_str();
  if (step.fill >= 0) fill_source(step, roots, socket);
  const int place = ensure_target(roots, target, step.target_is_file);
  check(socket, place, Step::mount_target, target);
  // Attributes first: what is attached is seen.
  if (!set_attributes(source, step.attributes)) {
    // An old kernel cannot do so to what is not attached yet.
    if (errno != ENOSYS || !linux::try_attach_mount(source, place) ||
        !set_attributes(source, step.attributes)) {
      fail(socket, Step::mount_attributes, target);
    }
  } else if (!linux::try_attach_mount(source, place)) {
    fail(socket, Step::mount, target);
  }
  const unsigned long kind = step.attributes.propagation;
  if (kind != MS_SHARED && (kind == 0 || !step.attributes.propagation_recursive)) {
    keep_from_host(source, target, socket);
  }
  set_propagation(source, step, socket);
  ::close(source);
  ::close(place);
}

/// proc and sysfs of the host, where the kernel refuses new ones: it wants the network namespace to
/// be ours for sysfs, and nothing hidden in the instances that we can see.
void bind_refused(const MountStep& step, int place, const Roots& roots, int socket) noexcept {
  const char* target = step.target.c_str();
  const linux::Fd clone = linux::try_clone_mount(roots.host, step.type == "proc" ? "proc" : "sys",
                                                 linux::Submounts::included);
  check(socket, clone.get(), Step::mount, target);
  // What is mounted below (cgroup, debugfs) comes along and may be locked; read-only holds for all.
  MountAttributes attributes = step.attributes;
  attributes.recursive_set |= attributes.set & MOUNT_ATTR_RDONLY;
  attributes.set &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  if (!linux::try_attach_mount(clone.get(), place)) fail(socket, Step::mount, target);
  if (!set_attributes(clone.get(), attributes)) fail(socket, Step::mount_attributes, target);
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
  if ((attributes & MOUNT_ATTR_NOSYMFOLLOW) != 0) flags |= MS_NOSYMFOLLOW;
  return flags;
}

/// mount(2) on an open directory: by way of the working directory, which no link can turn
/// elsewhere.
bool mount_on(int place, const MountStep& step, unsigned long flags, const Roots& roots) noexcept {
  const char* data = step.data.empty() ? nullptr : step.data.c_str();
  const bool done = ::fchdir(place) == 0 &&
                    ::mount(step.source.c_str(), ".", step.type.c_str(), flags, data) == 0;
  const int saved = errno;
  (void)!::fchdir(roots.host);
  errno = saved;
  return done;
}

/// An empty directory that stays so.
bool mount_nothing(int place, const Roots& roots) noexcept {
  MountStep nothing;
  nothing.type = nothing.source = "tmpfs";
  nothing.data = "size=0k";
  return mount_on(place, nothing, MS_RDONLY, roots);
}

/// The kernel refuses a file system on itself, not so with another one between them: cgroup2, where
/// the host's sysfs came along with its own (--network=host).
bool mount_on_itself(int place, const MountStep& step, unsigned long flags,
                     const Roots& roots) noexcept {
  return mount_nothing(place, roots) && mount_on(place, step, flags, roots);
}

/// What the kernel shows of itself, and the devices: an image that makes a link of /proc would have
/// the masks miss it, as soon as somebody turns the link (CVE-2019-16884, CVE-2023-28642).
bool wants_plain_place(const MountStep& step) noexcept {
  constexpr const char* k_types[] = {"proc", "sysfs", "cgroup", "cgroup2", "mqueue", "devpts"};
  return step.target == "/dev" ||
         std::ranges::any_of(k_types, [&](const char* type) { return step.type == type; });
}

/// @returns the mount's root where it is to become read-only at last, else -1
int apply_file_system(const MountStep& step, const Roots& roots, int socket) noexcept {
  const char* target = step.target.c_str();
  // What is not there yet has nothing to be copied, nor a mode.
  const int before = step.copy_up ? open_inside(roots, target, O_RDONLY | O_DIRECTORY) : -1;
  const int place = wants_plain_place(step) ? ensure_plain_directory(roots, target)
                                            : ensure_directory(roots, target, 0755);
  check(socket, place, Step::mount_target, target);
  std::uint64_t wanted = step.attributes.set | step.attributes.recursive_set;
  if (step.readonly_at_last) wanted &= ~std::uint64_t{MOUNT_ATTR_RDONLY};
  const unsigned long flags = step.flags | old_flags(wanted);
  if (!mount_on(place, step, flags, roots)) {
    const bool refused = errno == EPERM || errno == EBUSY;
    if (refused && step.bind_when_refused) {
      bind_refused(step, place, roots, socket);
    } else if (errno != EBUSY || !mount_on_itself(place, step, flags, roots)) {
      fail(socket, Step::mount, target);
    }
  }
  ::close(place);
  if (before < 0 && step.attributes.propagation == 0 && !step.readonly_at_last) return -1;
  const int mounted = open_inside(roots, target, O_RDONLY | O_DIRECTORY);
  check(socket, mounted, Step::mount, target);
  if (before >= 0) {
    struct stat asked {};
    ::fstat(mounted, &asked);
    if (!linux::try_copy_tree(before, mounted)) fail(socket, Step::copy_up, target);
    ::close(before);
    // What was asked for counts more than what the image has.
    if (step.data.find("mode=") != std::string::npos) ::fchmod(mounted, asked.st_mode & 07777);
    if (step.data.find("uid=") != std::string::npos)
      (void)!::fchown(mounted, asked.st_uid, static_cast<gid_t>(-1));
    if (step.data.find("gid=") != std::string::npos)
      (void)!::fchown(mounted, static_cast<uid_t>(-1), asked.st_gid);
  }
  set_propagation(mounted, step, socket);
  if (step.readonly_at_last) return mounted;
  ::close(mounted);
  return -1;
}

/// Sets errno where it is not.
bool is_device(int node, const DeviceStep& device) noexcept {
  struct stat info {};
  if (::fstat(node, &info) != 0) return false;
  errno = EEXIST;
  return info.st_rdev == device.number && (info.st_mode & S_IFMT) == (device.mode & S_IFMT);
}

/// Shells want a /dev/null. A file is as empty, until something is written to it.
void make_file_instead(const DeviceStep& device, const Place& place) noexcept {
  if (device.number != ::makedev(1, 3)) return;
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  ::close(::openat(place.directory, place.name, flags, 0666));
}

/// @param is_needed  whether it is an error that we may make none
void make_node(const DeviceStep& device, bool is_needed, const Roots& roots, int socket) noexcept {
  const char* path = device.path.c_str();
  const Place place = ensure_parent(roots, path);
  check(socket, place.directory, Step::device, path);
  if (::mknodat(place.directory, place.name, device.mode, device.number) != 0 && errno != EEXIST) {
    if (errno != EPERM || is_needed) fail(socket, Step::device, path);
    make_file_instead(device, place);
    ::close(place.directory);
    return;
  }
  // What is there now, by a descriptor: the name may have become a link, one of procfs among them.
  const int node = ::openat(place.directory, place.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (node < 0 || !is_device(node, device)) fail(socket, Step::device, path);
  check(socket, ::chmod(DescriptorPath(node).c_str(), device.mode & 07777), Step::device, path);
  check(socket, ::fchownat(node, "", device.uid, device.gid, AT_EMPTY_PATH), Step::device, path);
  ::close(node);
  ::close(place.directory);
}

void bind_device(const DeviceStep& device, int source, const Roots& roots, int socket) noexcept {
  const int place = ensure_target(roots, device.path.c_str(), true);
  if (place < 0 || !linux::try_attach_mount(source, place))
    fail(socket, Step::device, device.path.c_str());
  keep_from_host(source, device.path.c_str(), socket);
  ::close(source);
  ::close(place);
}

void make_link(const LinkStep& link, const Roots& roots, int socket) noexcept {
  const Place place = ensure_parent(roots, link.path.c_str());
  check(socket, place.directory, Step::device, link.path);
  if (::symlinkat(link.target.c_str(), place.directory, place.name) != 0 && errno != EEXIST) {
    fail(socket, Step::device, link.path.c_str());
  }
  ::close(place.directory);
}

int clone_source(const MountStep& step) noexcept {
  const auto submounts = step.recursive ? linux::Submounts::included : linux::Submounts::left_out;
  return linux::try_clone_mount(AT_FDCWD, step.source.c_str(), submounts).release();
}

/// What is bound in the place of a node that cannot be made has to be the same device.
void require_device(const DeviceStep& device, int source, int socket) noexcept {
  struct stat info {};
  check(socket, ::fstat(source, &info), Step::bind_source, device.source);
  const bool is_same =
      info.st_rdev == device.number && (info.st_mode & S_IFMT) == (device.mode & S_IFMT);
  if (!is_same) fail(socket, Step::device, ENODEV, device.path.c_str());
}

}  // namespace

void open_sources(const ChildPlan& plan, MountSources& sources, int socket) noexcept {
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    const MountStep& step = plan.mounts[i];
    if (step.kind != MountStep::Kind::bind) continue;
    sources.mounts[i] = step.tree >= 0 ? step.tree : clone_source(step);
    check(socket, sources.mounts[i], Step::bind_source, step.source);
  }
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    const DeviceStep& device = plan.devices[i];
    sources.devices[i] = -1;
    if (plan.make_nodes || S_ISFIFO(device.mode)) continue;
    sources.devices[i] =
        linux::try_clone_mount(AT_FDCWD, device.source.c_str(), linux::Submounts::left_out)
            .release();
    check(socket, sources.devices[i], Step::bind_source, device.source);
    require_device(device, sources.devices[i], socket);
  }
}

void apply_mounts(const ChildPlan& plan, MountSources& sources, const Roots& roots,
                  int socket) noexcept {
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    if (sources.mounts[i] >= 0) {
      apply_bind(plan.mounts[i], sources.mounts[i], roots, socket);
    } else {
      sources.mounts[i] = apply_file_system(plan.mounts[i], roots, socket);
    }
  }
}

void apply_devices(const ChildPlan& plan, MountSources& sources, const Roots& roots,
                   int socket) noexcept {
  const mode_t umask = ::umask(0);
  for (std::size_t i = 0; i < plan.devices.size(); ++i) {
    const DeviceStep& device = plan.devices[i];
    if (plan.make_nodes || S_ISFIFO(device.mode)) {
      make_node(device, !plan.chroot_only, roots, socket);
    } else {
      bind_device(device, sources.devices[i], roots, socket);
    }
  }
  for (const LinkStep& link : plan.links) make_link(link, roots, socket);
  ::umask(umask);
}

void finish_mounts(const ChildPlan& plan, const MountSources& sources, int socket) noexcept {
  MountAttributes readonly;
  readonly.set = MOUNT_ATTR_RDONLY;
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    const MountStep& step = plan.mounts[i];
    if (!step.readonly_at_last) continue;
    if (!set_attributes(sources.mounts[i], readonly)) {
      fail(socket, Step::mount_attributes, step.target.c_str());
    }
    ::close(sources.mounts[i]);
  }
}

void make_root_readonly(const Roots& roots, int socket) noexcept {
  MountAttributes attributes;
  attributes.set = MOUNT_ATTR_RDONLY;
  if (!set_attributes(roots.inside, attributes)) fail(socket, Step::remount_root, "/");
}

}  // namespace coracle::runtime::child
