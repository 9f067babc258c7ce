// SPDX-License-Identifier: Apache-2.0
// overlayfs, by whichever system call takes that many layers. Allocates nothing: it runs between
// clone(2) and execve(2), too.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "coracle/linux/rootfs_plan.hpp"

namespace coracle::linux {
namespace {

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

void add_common(const RootfsPlan& plan, Options& options) noexcept {
  if (!plan.upper.empty()) {
    options.add_option("upperdir=");
    options.add_escaped(plan.upper.c_str());
    options.add_option("workdir=");
    options.add_escaped(plan.work.c_str());
  }
  if (plan.userxattr) options.add_option("userxattr");
  for (const auto& option : plan.options) options.add_option(option.c_str());
}

Options overlay_options(const RootfsPlan& plan, const std::vector<std::string>& lower) noexcept {
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
bool mount_overlay_by_fsconfig(const RootfsPlan& plan) noexcept {
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

bool try_mount_overlay(const RootfsPlan& plan) noexcept {
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

}  // namespace coracle::linux
