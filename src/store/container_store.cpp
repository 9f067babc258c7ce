// SPDX-License-Identifier: Apache-2.0
#include "coracle/store/container_store.hpp"

#include <errno.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/parallel.hpp"
#include "coracle/base/scope_exit.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/store/container_configs.hpp"
#include "coracle/store/format.hpp"
#include "store/container_names_internal.hpp"
#include "store/staging_internal.hpp"

namespace coracle::store {
namespace {

bool is_id(std::string_view text) {
  return text.size() == k_id_length && is_hex(text);
}

[[noreturn]] void throw_not_found(std::string_view name_or_id) {
  throw Error(ErrorClass::not_found, "no container with name or ID \"{}\" found: no such container",
              name_or_id);
}

/// After a failure. What is left dangles, and is free for the next who wants it.
void release_quietly(const ContainerNames& names, const std::string& name,
                     const std::string& id) noexcept {
  try {
    names.release(name, id);
  } catch (const std::exception& error) {
    log::info("the name '{}' is left behind: {}", name, error.what());
  }
}

}  // namespace

ContainerStore::ContainerStore(std::string root, std::string runroot)
    : root_(std::move(root)),
      containers_(root_ + "/containers"),
      trash_(containers_ + "/trash"),
      runroot_(std::move(runroot)) {
  require_known_format(root_);
}

std::string ContainerStore::directory(const ContainerId& id) const {
  return containers_ + "/" + id.str();
}

std::string ContainerStore::run_directory(const ContainerId& id) const {
  return runroot_ + "/containers/" + id.str();
}

std::string ContainerStore::staging(std::string_view id) const {
  return containers_ + "/." + std::string(id);
}

ContainerNames ContainerStore::names() const {
  return {containers_ + "/names",
          [this](const std::string& id, const std::string& name) { return is_held(id, name); }};
}

bool ContainerStore::is_held(const std::string& id, const std::string& name) const {
  const ContainerId container(id);
  const bool made = linux::exists(directory(container));
  if (!made && remove_if_abandoned(staging(id)) == Maker::alive) return true;
  // It may have been finished between the two looks.
  if (!made && !linux::exists(directory(container))) return false;
  try {
    if (load_config(container).name == name) return true;
    // A rename in progress, or one that was killed: then nobody holds the container's lock.
    const auto alone = linux::FileLock::try_acquire_directory(directory(container),
                                                              linux::FileLock::Mode::exclusive);
    return !alone || load_config(container).name == name;
  } catch (const Error& error) {
    // With a damaged record nobody knows its name: it keeps what leads to it.
    return error.error_class() != ErrorClass::not_found;
  }
}

void ContainerStore::create(const ContainerConfig& config,
                            const std::function<void(const std::string&)>& fill) {
  ensure_format(root_);
  // Complete or absent: filled beside its place, then renamed into it. Its maker's lock tells
  // whoever finds the name meanwhile that somebody is at it.
  linux::ensure_directory(containers_);
  Staging unfinished(staging(config.id));
  names().reserve(config.name, config.id);
  ScopeExit free_name([&] { release_quietly(names(), config.name, config.id); });
  linux::write_new_file(unfinished.path() + "/config.json", serialize(config));
  linux::write_new_file(unfinished.path() + "/state.json", serialize(ContainerState{}));
  for (const char* name : {"upper", "work"}) {
    linux::make_directory(unfinished.path() + "/" + name, 0755);
  }
  if (fill) fill(unfinished.path() + "/upper");
  if (!unfinished.try_move_to(directory(ContainerId(config.id)))) {
    throw Error(ErrorClass::conflict, "container ID {} is in use already", config.id);
  }
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
  if (auto id = names().find(text); id && is_id(*id) && linux::exists(containers_ + "/" + *id)) {
    return ContainerId(*std::move(id));
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
  auto config = parse_container_config(*text, path);
  if (config.id != id.str()) {
    throw Error(ErrorClass::invalid_argument, "'{}' describes another container, '{}'", path,
                config.id);
  }
  return config;
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

std::vector<StoredContainer> ContainerStore::load_all(
    const std::function<bool(const ContainerState&)>& wanted) const {
  /// For which a thread costs less than it saves.
  constexpr std::size_t k_worth_a_thread = 64;
  constexpr unsigned k_max_threads = 8;
  const auto ids = list();
  std::vector<std::optional<StoredContainer>> found(ids.size());
  const auto load = [&](std::size_t i) {
    try {
      auto state = try_load_state(ids[i]);
      if (!state) return;
      StoredContainer entry{ids[i], *std::move(state), {}, {}};
      entry.state.raw.reset();
      if (wanted(entry.state)) {
        entry.config = load_config(ids[i]);
        entry.config->raw.reset();
      }
      found[i] = std::move(entry);
    } catch (const Error& error) {
      if (error.error_class() == ErrorClass::not_found) return;
      found[i] = StoredContainer{ids[i], {}, {}, std::current_exception()};
    }
  };
  const std::size_t processors = std::clamp(std::thread::hardware_concurrency(), 1U, k_max_threads);
  run_at_once(ids.size(), std::min(processors, 1 + ids.size() / k_worth_a_thread), load);
  std::vector<StoredContainer> present;
  present.reserve(found.size());
  for (auto& entry : found) {
    if (entry) present.push_back(*std::move(entry));
  }
  return present;
}

void ContainerStore::save_config(const ContainerConfig& config) const {
  linux::write_file_atomic(directory(ContainerId(config.id)) + "/config.json", serialize(config));
}

void ContainerStore::save_state(const ContainerId& id, const ContainerState& state) const {
  linux::write_file_atomic(directory(id) + "/state.json", serialize(state));
}

ContainerState ContainerStore::change_state(
    const ContainerId& id, const std::function<bool(ContainerState&)>& change) const {
  const auto alone = lock(id);
  ContainerState state = load_state(id);
  if (change(state)) save_state(id, state);
  return state;
}

void ContainerStore::rename(ContainerConfig& config, const std::string& name) {
  if (name == config.name) return;
  names().reserve(name, config.id);
  const std::string old = std::exchange(config.name, name);
  ScopeExit undo([&] { release_quietly(names(), name, config.id); });
  save_config(config);
  undo.release();
  names().release(old, config.id);
}

linux::FileLock ContainerStore::lock(const ContainerId& id) const {
  try {
    return linux::FileLock::acquire_directory(directory(id), linux::FileLock::Mode::exclusive);
  } catch (const SysError& error) {
    if (error.code() == ENOENT) throw_not_found(id.str());
    throw;
  }
}

std::string ContainerStore::discard(const ContainerId& id) {
  std::string name;
  try {
    name = load_config(id).name;
  } catch (const Error&) {
    // Unreadable: its name then dangles, and is free for the next who wants it.
  }
  std::string grave = move_to_trash(directory(id), trash_);
  if (grave.empty()) throw_not_found(id.str());
  if (!name.empty()) names().move_away(name, id.str(), grave + "/name");
  linux::remove_tree(run_directory(id));
  return grave;
}

void ContainerStore::empty_trash() const {
  store::empty_trash(trash_);
  for (const auto& name : linux::list_directory(containers_)) {
    if (name.starts_with('.') && is_id(name.substr(1))) {
      remove_if_abandoned(staging(name.substr(1)));
    } else if (is_id(name)) {
      remove_stale_replacements(directory(ContainerId(name)));
    }
  }
}

std::vector<std::string> ContainerStore::dangling_names() const {
  const auto names = this->names();
  auto dangling = names.list();
  std::erase_if(dangling, [&](const std::string& name) { return !names.is_void(name); });
  return dangling;
}

void ContainerStore::drop_dangling_names() const {
  for (const auto& name : dangling_names()) names().release_void(name);
}

bool ContainerStore::restore_name(const ContainerConfig& config) const {
  if (names().find(config.name) == config.id) return true;
  try {
    names().reserve(config.name, config.id);
    return true;
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::conflict) throw;
    return false;
  }
}

std::optional<std::set<Digest>> ContainerStore::layers_in_use() const {
  std::set<Digest> layers;
  try {
    for_each_config(*this, [&](const ContainerConfig& config) {
      in_context("container " + config.id, [&] {
        for (const auto& layer : config.layers) layers.insert(Digest::parse(layer));
        for (const auto& mount : config.mounts) {
          for (const auto& layer : mount.layers) layers.insert(Digest::parse(layer));
        }
      });
    });
  } catch (const Error& error) {
    log::info("{}", error.describe());
    return std::nullopt;
  }
  return layers;
}

}  // namespace coracle::store
