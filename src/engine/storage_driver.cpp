// SPDX-License-Identifier: Apache-2.0
#include "engine/storage_driver.hpp"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/mount.hpp"
#include "coracle/linux/process.hpp"

namespace coracle::engine {

namespace {

std::string kernel_release() {
  utsname names{};
  ::uname(&names);
  return names.release;
}

/// Tries an overlay mount and a file in it; errno of what failed, 0 for success. In a child.
int try_overlay(Context& context, const std::string& place) noexcept {
  try {
    context.enter_namespace();
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return errno;
    }
    for (const char* name : {"lower", "upper", "work", "merged"}) {
      linux::make_directory(place + "/" + name);
    }
    const std::string options =
        fmt::format("lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work{1}", place,
                    context.config().rootless ? ",userxattr" : "");
    if (::mount("overlay", (place + "/merged").c_str(), "overlay", 0, options.c_str()) != 0) {
      return errno;
    }
    linux::write_new_file(place + "/merged/file", "x");
    return linux::exists(place + "/upper/file") ? 0 : EIO;
  } catch (const SysError& error) {
    return error.code();
  } catch (...) {
    return EIO;
  }
}

/// Of files that are removed from lower layers: fuse-overlayfs knows no other mark of them.
bool can_make_whiteouts(Context& context) {
  const linux::TempDir place(context.cache_directory(), "probe-");
  return ::mknod((place.path() + "/0").c_str(), S_IFCHR, ::makedev(0, 0)) == 0;
}

bool has_fuse_overlayfs(Context& context) {
  return ::access("/dev/fuse", R_OK | W_OK) == 0 && linux::find_program("fuse-overlayfs") &&
         can_make_whiteouts(context);
}

}  // namespace

std::string probe_overlay(Context& context) {
  linux::ensure_directory(context.cache_directory());
  const linux::TempDir place(context.cache_directory(), "probe-");
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("cannot fork");
  if (pid == 0) ::_exit(try_overlay(context, place.path()));
  const int code = linux::exit_code_of(linux::Child(pid).wait());
  return code == 0 ? "" : ::strerror(code);
}

std::string choose_driver(Context& context) {
  const std::string& configured = context.config().storage_driver;
  // The others mount.
  if (context.lack_of_namespaces() != nullptr) {
    if (!configured.empty() && configured != config::k_vfs) {
      log::info("nothing can be mounted here: vfs is used instead of {}", configured);
    }
    return std::string(config::k_vfs);
  }
  if (!configured.empty()) return configured;
  const std::string cache = context.cache_directory() + "/driver-" + kernel_release();
  if (const auto known = linux::read_file_if_exists(cache)) return *known;
  const std::string reason = probe_overlay(context);
  if (reason.empty()) {
    linux::write_file_atomic(cache, config::k_overlay);
    return std::string(config::k_overlay);
  }
  // Not remembered: the next user of this machine installs what is missing.
  const std::string driver(has_fuse_overlayfs(context) ? config::k_fuse_overlayfs : config::k_vfs);
  log::info("overlay does not work here ({}): using {}", reason, driver);
  return driver;
}

}  // namespace coracle::engine
