// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/base/strings.hpp"
#include "store/container_names_internal.hpp"

namespace coracle::store {
namespace {

bool is_file_name(const std::string& name) {
  return !name.empty() && name.size() <= NAME_MAX && name[0] != '.' &&
         name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

[[noreturn]] void throw_in_use(const std::string& name, const std::string& id) {
  Error error(
      ErrorClass::conflict,
      "creating container storage: the container name \"{}\" is already in use by {}. You "
      "have to remove that container to be able to reuse that name: that name is already in "
      "use",
      name, id);
  error.set_hint("use --replace to remove that container first");
  throw error;
}

}  // namespace

linux::FileLock ContainerNames::lock() const {
  return linux::FileLock::acquire(directory_ + "/.lock", linux::FileLock::Mode::exclusive);
}

void ContainerNames::reserve(const std::string& name, const std::string& id) const {
  if (!is_file_name(name)) {
    throw Error(ErrorClass::invalid_argument, "'{}' cannot be the name of a container", name);
  }
  while (::symlink(id.c_str(), link(name).c_str()) != 0) {
    if (errno == ENOENT) {
      linux::ensure_directory(directory_);
    } else if (errno != EEXIST) {
      throw SysError("cannot reserve the name '{}'", name);
    } else if (const auto holder = find(name); holder == id) {
      return;
    } else if (!release_void(name)) {
      throw_in_use(name, holder.value_or("another container"));
    }
  }
}

void ContainerNames::release(const std::string& name, const std::string& id) const {
  if (!is_file_name(name) || find(name) != id) return;
  const auto alone = lock();
  if (find(name) == id) linux::remove_file(link(name));
}

void ContainerNames::move_away(const std::string& name, const std::string& id,
                               const std::string& place) const {
  if (!is_file_name(name) || find(name) != id) return;
  const auto alone = lock();
  if (find(name) != id || ::rename(link(name).c_str(), place.c_str()) == 0) return;
  linux::remove_file(link(name));
}

std::optional<std::string> ContainerNames::find(const std::string& name) const {
  if (!is_file_name(name)) return std::nullopt;
  char target[k_id_length + 1];
  const ssize_t size = ::readlink(link(name).c_str(), target, sizeof target);
  if (size < 0) return std::nullopt;
  return std::string(target, static_cast<std::size_t>(size));
}

std::vector<std::string> ContainerNames::list() const {
  auto names = linux::list_directory(directory_);
  std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
  return names;
}

bool ContainerNames::is_void(const std::string& name) const {
  const auto id = find(name);
  // What is no link, or leads elsewhere, is nothing of ours.
  if (!id) return true;
  return id->size() != k_id_length || !is_hex(*id) || !is_held_(*id, name);
}

bool ContainerNames::release_void(const std::string& name) const {
  // A link that is there stays until the lock is free. One that is not may appear at any time, and
  // is then its maker's.
  const auto alone = lock();
  const auto info = linux::stat_if_exists(link(name));
  if (!info) return true;
  if (S_ISLNK(info->st_mode) && !is_void(name)) return false;
  linux::remove_file(link(name));
  return true;
}

}  // namespace coracle::store
