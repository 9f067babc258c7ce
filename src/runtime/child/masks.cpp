// SPDX-License-Identifier: Apache-2.0
// What of /proc and /sys a container does not see, or may not change. Each path is resolved once,
// and what covers it is mounted on the descriptor.
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coracle/linux/file_system_type.hpp"
#include "coracle/linux/mount.hpp"
#include "runtime/child/failure.hpp"
#include "runtime/child/mounts.hpp"

namespace coracle::runtime::child {
namespace {

using protocol::Step;

bool mount_copy(int source, int place) noexcept {
  const linux::Fd copy = linux::try_clone_mount(source, "", linux::Submounts::left_out);
  return copy && linux::try_attach_mount(copy.get(), place);
}

/// The host's null device, O_PATH; -1 with errno set when it is not there, or something else is.
int open_null(const Roots& roots) noexcept {
  const int null = ::openat(roots.host, "dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (null < 0 || linux::is_character_device(null, 1, 3)) return null;
  ::close(null);
  errno = ENODEV;
  return -1;
}

/// An empty directory that stays so, not attached anywhere; -1 with errno set.
int make_nothing() noexcept {
  const linux::Fd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", "tmpfs", 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0) != 0 ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return -1;
  }
  return ::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
}

/// What masked paths show instead of themselves. One of each serves all of them: copies of a mount
/// are cheaper than further file systems.
class Masks {
 public:
  ~Masks() {
    if (empty_ >= 0) ::close(empty_);
    if (null_ >= 0) ::close(null_);
  }

  bool hide_file(int place, const Roots& roots) noexcept {
    if (null_ < 0) null_ = open_null(roots);
    return null_ >= 0 && mount_copy(null_, place);
  }
  bool hide_directory(int place) noexcept {
    if (empty_ >= 0) return mount_copy(empty_, place);
    empty_ = make_nothing();
    return empty_ >= 0 && linux::try_attach_mount(empty_, place);
  }

 private:
  int empty_ = -1;
  int null_ = -1;
};

}  // namespace

void apply_masked_paths(const ChildPlan& plan, const Roots& roots, int socket) noexcept {
  Masks masks;
  for (const auto& path : plan.masked_paths) {
    const int place = open_inside(roots, path.c_str());
    if (place < 0) {
      if (errno == ENOENT || errno == EACCES || errno == ENOTDIR) continue;
      fail(socket, Step::mask_path, path.c_str());
    }
    struct stat info {};
    check(socket, ::fstat(place, &info), Step::mask_path, path);
    const bool is_hidden =
        S_ISDIR(info.st_mode) ? masks.hide_directory(place) : masks.hide_file(place, roots);
    if (!is_hidden) fail(socket, Step::mask_path, path.c_str());
    ::close(place);
  }
}

void apply_readonly_paths(const ChildPlan& plan, const Roots& roots, int socket) noexcept {
  for (const auto& path : plan.readonly_paths) {
    const int place = open_inside(roots, path.c_str());
    if (place < 0) {
      if (errno == ENOENT || errno == EACCES || errno == ENOTDIR) continue;
      fail(socket, Step::readonly_path, path.c_str());
    }
    MountAttributes attributes;
    attributes.recursive_set = MOUNT_ATTR_RDONLY;
    const linux::Fd copy = linux::try_clone_mount(place, "", linux::Submounts::included);
    if (!copy || !linux::try_attach_mount(copy.get(), place) ||
        !set_attributes(copy.get(), attributes)) {
      fail(socket, Step::readonly_path, path.c_str());
    }
    ::close(place);
  }
}

}  // namespace coracle::runtime::child
