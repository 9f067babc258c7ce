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

/// mount(2) copies one page of options.
constexpr std::size_t k_option_page = 4096;

/// A bounded option string, built without allocation.
class Options {
 public:
  void add(const char* text) noexcept { append(text, false); }
  /// A path as a value: overlayfs splits its options at "," and lowerdir at ":".
  void add_escaped(const char* text) noexcept { append(text, true); }
  void add_option(const char* text) noexcept {
    if (used_ != 0) append(",", false);
    append(text, false);
  }
  bool fits() const noexcept { return fits_; }
  const char* c_str() const noexcept { return text_; }

 private:
  void append(const char* text, bool escape) noexcept {
    for (; *text != '\0'; ++text) {
      if (escape && (*text == ',' || *text == ':' || *text == '\\')) put('\\');
      put(*text);
    }
    text_[used_] = '\0';
  }
  void put(char c) noexcept {
    if (used_ + 1 >= sizeof text_) {
      fits_ = false;
    } else {
      text_[used_++] = c;
    }
  }

  char text_[k_option_page] = {};
  std::size_t used_ = 0;
  bool fits_ = true;
};

void add_common(const linux::RootfsPlan& plan, Options& options) noexcept {
  if (!plan.upper.empty()) {
    options.add_option("upperdir=");
    options.add_escaped(plan.upper.c_str());
    options.add_option("workdir=");
    options.add_escaped(plan.work.c_str());
  }
  if (plan.userxattr) options.add_option("userxattr");
  for (const auto& option : plan.options) options.add_option(option.c_str());
}

Options overlay_options(const linux::RootfsPlan& plan,
                        const std::vector<std::string>& lower) noexcept {
  Options options;
  options.add_option("lowerdir=");
  bool first = true;
  for (const auto& directory : lower) {
    if (!first) options.add(":");
    options.add_escaped(directory.c_str());
    first = false;
  }
  add_common(plan, options);
  return options;
}

/// fsconfig(2) with one "lowerdir+" for each layer (kernel 6.5): no limit but the kernel's 500.
bool mount_overlay_by_fsconfig(const linux::RootfsPlan& plan) noexcept {
  const int fs = ::fsopen("overlay", FSOPEN_CLOEXEC);
  if (fs < 0) return false;
  const auto set = [fs](const char* key, const char* value) {
    return ::fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) == 0;
  };
  bool good = true;
  for (const auto& directory : plan.lower) good = good && set("lowerdir+", directory.c_str());
  if (!plan.upper.empty()) {
    good = good && set("upperdir", plan.upper.c_str()) && set("workdir", plan.work.c_str());
  }
  if (plan.userxattr) {
    good = good && ::fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", nullptr, 0) == 0;
  }
  for (const auto& option : plan.options) {
    char key[256];
    const auto equals = option.find('=');
    if (option.size() >= sizeof key) {
      errno = EINVAL;
      good = false;
      break;
    }
    ::strcpy(key, option.c_str());
    if (equals == std::string::npos) {
      good = good && ::fsconfig(fs, FSCONFIG_SET_FLAG, key, nullptr, 0) == 0;
    } else {
      key[equals] = '\0';
      good = good && set(key, option.c_str() + equals + 1);
    }
  }
  good = good && ::fsconfig(fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
  const int mount = good ? ::fsmount(fs, FSMOUNT_CLOEXEC, 0) : -1;
  good = mount >= 0 &&
         ::move_mount(mount, "", AT_FDCWD, plan.mount_point.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0;
  const int saved = errno;
  if (mount >= 0) ::close(mount);
  ::close(fs);
  errno = saved;
  return good;
}

}  // namespace

bool try_mount_overlay(const linux::RootfsPlan& plan) noexcept {
  const Options options = overlay_options(plan, plan.lower);
  if (options.fits()) {
    return ::mount("overlay", plan.mount_point.c_str(), "overlay", 0, options.c_str()) == 0;
  }
  if (mount_overlay_by_fsconfig(plan)) return true;
  const Options brief = overlay_options(plan, plan.short_lower);
  if (plan.short_lower.empty() || !brief.fits()) {
    errno = E2BIG;
    return false;
  }
  return ::chdir(plan.short_base.c_str()) == 0 &&
         ::mount("overlay", plan.mount_point.c_str(), "overlay", 0, brief.c_str()) == 0;
}

Roots enter_rootfs(const ChildPlan& plan, int socket) noexcept {
  check(socket, ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr), Step::propagation, "/");
  const int host_root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  check(socket, host_root, Step::pivot_root, "/");
  if (plan.rootfs.kind == linux::RootfsPlan::Kind::overlay) {
    if (!try_mount_overlay(plan.rootfs)) {
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

}  // namespace coracle::runtime::child
