// SPDX-License-Identifier: Apache-2.0
// The user's directories (XDG base directory specification).
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "config/config_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/user_database.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::config {
namespace {

constexpr const char* k_may_age = ", from where machines remove old files: see tmpfiles.d(5)";

bool is_own_directory(const std::string& path, uid_t uid) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == uid;
}

/// The specification takes relative paths for invalid, to be ignored.
std::string absolute_variable(const char* name) {
  auto path = environment(name);
  if (!path.starts_with('/')) path.clear();
  return path;
}

/// Empty for a user whom nobody knows: any uid may run in a container.
std::string try_home_directory() {
  if (auto home = environment("HOME"); !home.empty()) return home;
  const auto passwd = linux::read_file_if_exists("/etc/passwd");
  const auto entry = linux::find_user_by_uid(passwd.value_or(""), ::getuid());
  return entry ? entry->home : "";
}

/// A directory of the specification, or its place below the home directory; empty without a home.
std::string own_directory(const char* variable, const char* usual) {
  if (auto directory = absolute_variable(variable); !directory.empty()) return directory;
  const auto home = try_home_directory();
  if (home.empty()) return "";
  return (home.ends_with('/') ? home : home + "/") + usual;
}

}  // namespace

std::string environment(const char* name) {
  const char* value = ::getenv(name);
  return value != nullptr ? value : "";
}

std::string home_directory() {
  auto home = try_home_directory();
  if (home.empty()) {
    throw Error(ErrorClass::invalid_argument, "the home directory is not known: set HOME");
  }
  return home;
}

std::string own_config_file() {
  const auto directory = own_directory("XDG_CONFIG_HOME", ".config");
  return directory.empty() ? "" : directory + "/coracle/coracle.conf";
}

std::string own_containers_directory() {
  const auto directory = own_directory("XDG_CONFIG_HOME", ".config");
  return directory.empty() ? "" : directory + "/containers";
}

std::string own_cache_directory() {
  return own_directory("XDG_CACHE_HOME", ".cache");
}

std::string rootless_root() {
  const auto directory = own_directory("XDG_DATA_HOME", ".local/share");
  return directory.empty() ? "" : directory + "/coracle";
}

bool can_hold_files(std::string path) {
  while (::access(path.empty() ? "/" : path.c_str(), W_OK | X_OK) != 0) {
    const auto slash = path.rfind('/');
    if (errno != ENOENT || slash == std::string::npos) return false;
    path.resize(slash);
  }
  return true;
}

std::string private_directory(const std::string& path) {
  // Made at once: later anybody could have made it first.
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw SysError("cannot create directory '{}'", path);
  }
  const auto info = linux::stat_if_exists(path);
  if (!info || !S_ISDIR(info->st_mode) || info->st_uid != ::geteuid() ||
      (info->st_mode & 077) != 0) {
    Error error(ErrorClass::permission_denied, "'{}' is not a private directory of this user",
                path);
    error.set_hint("remove it, or set XDG_RUNTIME_DIR or --runroot, and CORACLE_ROOT or --root");
    throw error;
  }
  return path;
}

std::string name_in_public() {
  const uid_t uid = ::geteuid();
  if (!linux::in_user_namespace()) return std::to_string(uid);
  // Everybody is root of their own one; outside of it they are somebody.
  const auto outside = linux::map_outside(linux::mappings_of(::getpid()).uids, uid);
  return fmt::format("userns-{}", outside.value_or(uid));
}

std::string usable_root(const std::string& wanted) {
  if (!wanted.empty() && can_hold_files(wanted)) return wanted;
  for (const char* parent : {"/var/tmp", "/tmp"}) {
    if (::access(parent, W_OK | X_OK) != 0) continue;
    std::string path = private_directory(fmt::format("{}/coracle-{}", parent, name_in_public()));
    if (wanted.empty()) {
      log::warn("no home directory is known (HOME): images and containers are kept in '{}'{}", path,
                k_may_age);
    } else {
      log::warn("'{}' cannot be written: images and containers are kept in '{}'{}", wanted, path,
                k_may_age);
    }
    return path;
  }
  return wanted.empty() ? home_directory() : wanted;
}

std::string rootless_runroot(uid_t uid) {
  // Inside the engine's user namespace the user's files belong to root.
  const uid_t owner = ::geteuid();
  for (const auto& directory :
       {absolute_variable("XDG_RUNTIME_DIR"), fmt::format("/run/user/{}", uid)}) {
    // After su it may still be the other user's.
    if (!directory.empty() && is_own_directory(directory, owner) && can_hold_files(directory)) {
      return directory + "/coracle";
    }
  }
  return public_runroot();
}

std::string public_runroot() {
  return private_directory("/tmp/coracle-run-" + name_in_public());
}

}  // namespace coracle::config
