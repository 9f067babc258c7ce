// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/container_store.hpp"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/scope_exit.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::store {
namespace {

bool is_id(std::string_view text) { return text.size() == k_id_length && is_hex(text); }

[[noreturn]] void throw_not_found(std::string_view name_or_id) {
  throw Error(ErrorClass::not_found,
              "no container with name or ID \"{}\" found: no such container", name_or_id);
}

}  // namespace

ContainerStore::ContainerStore(std::string root, std::string runroot)
    : containers_(std::move(root) + "/containers"),
      names_(containers_ + "/names"),
      trash_(containers_ + "/trash"),
      runroot_(std::move(runroot)) {}

std::string ContainerStore::directory(const ContainerId& id) const {
  return containers_ + "/" + id.str();
}

std::string ContainerStore::run_directory(const ContainerId& id) const {
  return runroot_ + "/containers/" + id.str();
}

std::string ContainerStore::name_link(std::string_view name) const {
  return names_ + "/" + std::string(name);
}

std::string ContainerStore::staging(std::string_view id) const {
  return containers_ + "/." + std::string(id);
}

bool ContainerStore::is_in_use(const std::string& id) const {
  if (linux::exists(directory(ContainerId(id)))) return true;
  // In the making: its creator holds the lock while it lives.
  const std::string unfinished = staging(id);
  if (linux::exists(unfinished)) {
    const auto lock = linux::FileLock::try_acquire(unfinished + "/lock", linux::FileLock::Mode::exclusive);
    if (!lock) return true;
    linux::remove_tree(unfinished);
  }
  // It may have been finished between the two looks.
  return linux::exists(directory(ContainerId(id)));
}

void ContainerStore::reserve_name(const std::string& name, const std::string& id) const {
  const std::string link = name_link(name);
  while (::symlink(id.c_str(), link.c_str()) != 0) {
    if (errno == ENOENT) {
      linux::ensure_directory(names_);
      continue;
    }
    if (errno != EEXIST) throw SysError("cannot reserve the name '{}'", name);
    char target[k_id_length];
    const ssize_t size = ::readlink(link.c_str(), target, sizeof target);
    if (size < 0) continue;  // Freed meanwhile.
    const std::string holder(target, static_cast<std::size_t>(size));
    if (is_in_use(holder)) {
      Error error(ErrorClass::conflict,
                  "creating container storage: the container name \"{}\" is already in use by {}. "
                  "You have to remove that container to be able to reuse that name: that name is "
                  "already in use",
                  name, holder);
      error.set_hint("use --replace to remove that container first");
      throw error;
    }
    ::unlink(link.c_str());
  }
}

void ContainerStore::create(const ContainerConfig& config) {
  const ContainerId id(config.id);
  // Complete or absent: filled beside its place, then renamed into it. The lock comes first, so that
  // whoever finds the name knows whether its holder still lives.
  const std::string unfinished = staging(config.id);
  linux::ensure_directory(containers_);
  linux::make_directory(unfinished);
  ScopeExit discard_staging([&] {
    try {
      linux::remove_tree(unfinished);
    } catch (const Error&) {
      // The next empty_trash() finds it.
    }
  });
  const auto lock = linux::FileLock::acquire(unfinished + "/lock", linux::FileLock::Mode::exclusive);
  reserve_name(config.name, config.id);
  ScopeExit free_name([&] { ::unlink(name_link(config.name).c_str()); });
  linux::write_new_file(unfinished + "/config.json", serialize(config));
  linux::write_new_file(unfinished + "/state.json", serialize(ContainerState{}));
  for (const char* name : {"upper", "work", "merged"}) {
    linux::make_directory(unfinished + "/" + name, 0755);
  }
  linux::rename_path(unfinished, directory(id));
  discard_staging.release();
  free_name.release();
}

std::vector<ContainerId> ContainerStore::list() const {
  std::vector<ContainerId> ids;
  for (auto& name : linux::list_directory(containers_)) {
    if (is_id(name)) ids.emplace_back(std::move(name));
  }
  return ids;
}

std::optional<ContainerId> ContainerStore::try_find(std::string_view name_or_id) const {
  const std::string text(name_or_id);
  if (is_id(text) && linux::exists(containers_ + "/" + text)) return ContainerId(text);
  if (!text.empty() && text.find('/') == std::string::npos) {
    char target[k_id_length + 1];
    const ssize_t size = ::readlink(name_link(text).c_str(), target, sizeof target);
    if (size == static_cast<ssize_t>(k_id_length)) {
      ContainerId id(std::string(target, k_id_length));
      if (linux::exists(directory(id))) return id;
    }
  }
  if (!is_hex(text)) return std::nullopt;
  std::optional<ContainerId> found;
  for (auto& id : list()) {
    if (!id.str().starts_with(text)) continue;
    if (found) {
      throw Error(ErrorClass::conflict,
                  "more than one result for container ID {}: container already exists", text);
    }
    found = std::move(id);
  }
  return found;
}

ContainerId ContainerStore::find(std::string_view name_or_id) const {
  auto id = try_find(name_or_id);
  if (!id) throw_not_found(name_or_id);
  return *std::move(id);
}

ContainerConfig ContainerStore::load_config(const ContainerId& id) const {
  const std::string path = directory(id) + "/config.json";
  const auto text = linux::read_file_if_exists(path);
  if (!text) throw_not_found(id.str());
  return parse_container_config(*text, path);
}

std::optional<ContainerState> ContainerStore::try_load_state(const ContainerId& id) const {
  const std::string path = directory(id) + "/state.json";
  const auto text = linux::read_file_if_exists(path);
  if (!text) return std::nullopt;
  return parse_container_state(*text, path);
}

ContainerState ContainerStore::load_state(const ContainerId& id) const {
  auto state = try_load_state(id);
  if (!state) throw_not_found(id.str());
  return *std::move(state);
}

void ContainerStore::save_config(const ContainerConfig& config) const {
  linux::write_file_atomic(directory(ContainerId(config.id)) + "/config.json", serialize(config));
}

void ContainerStore::save_state(const ContainerId& id, const ContainerState& state) const {
  linux::write_file_atomic(directory(id) + "/state.json", serialize(state));
}

void ContainerStore::rename(ContainerConfig& config, const std::string& name) {
  reserve_name(name, config.id);
  const std::string old = std::exchange(config.name, name);
  ScopeExit undo([&] { ::unlink(name_link(name).c_str()); });
  save_config(config);
  undo.release();
  linux::remove_file(name_link(old));
}

linux::FileLock ContainerStore::lock(const ContainerId& id) const {
  const std::string path = directory(id);
  if (!linux::exists(path)) throw_not_found(id.str());
  return linux::FileLock::acquire(path + "/lock", linux::FileLock::Mode::exclusive);
}

std::string ContainerStore::discard(const ContainerId& id) {
  // The name first: once the directory is gone, somebody else may take the name.
  try {
    linux::remove_file(name_link(load_config(id).name));
  } catch (const Error&) {
    // Unreadable: the name is then found to be dangling.
  }
  const std::string place = trash_ + "/" + id.str();
  for (int attempt = 0; ::rename(directory(id).c_str(), place.c_str()) != 0; ++attempt) {
    if (errno != ENOENT || attempt > 0) throw SysError("cannot remove container '{}'", id.str());
    if (!linux::exists(directory(id))) throw_not_found(id.str());
    linux::ensure_directory(trash_);
  }
  linux::remove_tree(run_directory(id));
  return place;
}

void ContainerStore::empty_trash() const {
  for (const auto& name : linux::list_directory(trash_)) linux::remove_tree(trash_ + "/" + name);
  for (const auto& name : linux::list_directory(containers_)) {
    if (name.starts_with('.')) is_in_use(name.substr(1));
  }
}

void ContainerStore::drop_dangling_names() const {
  for (const auto& name : linux::list_directory(names_)) {
    const std::string link = name_link(name);
    if (!is_in_use(linux::read_link(link))) ::unlink(link.c_str());
  }
}

std::string current_boot_id() {
  std::string id = linux::read_file("/proc/sys/kernel/random/boot_id", 256);
  return std::string(trim(id));
}

}  // namespace coracle::store
