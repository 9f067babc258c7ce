// SPDX-License-Identifier: Apache-2.0
// Containers on disk: containers/<id>/{config.json,state.json,…} and containers/names/<name>.
// A name is a symbolic link, made in one system call, so that of two invocations one wins. Nothing
// is locked but the container at hand.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/base/digest.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/store/container_config.hpp"
#include "coracle/store/container_state.hpp"

namespace coracle::store {

class ContainerNames;

/// What load_all() found of one container.
struct StoredContainer {
  ContainerId id;
  ContainerState state;
  std::optional<ContainerConfig> config;  ///< where it was asked for
  std::exception_ptr failure;             ///< why there is nothing else
};

class ContainerStore {
 public:
  /// @param root     the graph root; nothing is created before create()
  /// @param runroot  for what does not outlive a boot
  ContainerStore(std::string root, std::string runroot);

  /// Reserves the name and writes the container with status `created`.
  /// @param fill  puts into the upper directory what the container begins with
  /// @throws Error conflict "the container name … is already in use"
  void create(const ContainerConfig& config,
              const std::function<void(const std::string& upper)>& fill = {});
  /// The ids of all containers, unsorted.
  std::vector<ContainerId> list() const;
  /// By full name, full id or unique prefix of an id.
  /// @throws Error not_found in podman's words; conflict when the prefix fits several
  ContainerId find(std::string_view name_or_id) const;
  std::optional<ContainerId> try_find(std::string_view name_or_id) const;

  /// @throws Error not_found; invalid_argument for a damaged record
  ContainerConfig load_config(const ContainerId& id) const;
  ContainerState load_state(const ContainerId& id) const;
  /// Nothing for a container that vanished meanwhile.
  std::optional<ContainerState> try_load_state(const ContainerId& id) const;
  /// The records of all containers but those that vanish meanwhile, unsorted. Where there are many,
  /// several threads read them.
  /// They are for looking at: what this version does not know of them is left out, and would be
  /// lost when they are saved.
  /// @param wanted  which ones' configurations are read as well
  std::vector<StoredContainer> load_all(
      const std::function<bool(const ContainerState&)>& wanted) const;
  void save_config(const ContainerConfig& config) const;
  void save_state(const ContainerId& id, const ContainerState& state) const;
  /// Gives the container another name. The caller holds its lock.
  void rename(ContainerConfig& config, const std::string& name);

  /// Reads the state, has it changed, and writes it, under the container's lock.
  /// @param change  false: it is left as it is
  /// @returns the state as it is then
  /// @throws as lock() and load_state() do
  ContainerState change_state(const ContainerId& id,
                              const std::function<bool(ContainerState&)>& change) const;

  /// Held while state is read, changed and written.
  /// @throws Error not_found in podman's words, also when the container is removed meanwhile
  linux::FileLock lock(const ContainerId& id) const;

  /// Takes the container out of sight in one rename; then its name is free. What is left is deleted
  /// by empty_trash().
  /// @returns the directory in the trash
  std::string discard(const ContainerId& id);
  /// Deletes what discard() and killed invocations left behind. Runs in the engine's user
  /// namespace.
  void empty_trash() const;

  std::string directory(const ContainerId& id) const;
  std::string run_directory(const ContainerId& id) const;
  /// The upper and work directories of its overlay, its mount point, its log.
  std::string upper(const ContainerId& id) const { return directory(id) + "/upper"; }
  std::string work(const ContainerId& id) const { return directory(id) + "/work"; }
  /// Where the two are mounted as one; not on the store's disk, where it would be made and deleted
  /// with each container. Whoever mounts makes it.
  std::string merged(const ContainerId& id) const { return run_directory(id) + "/merged"; }
  /// What files of the engine's have taken the places of, in a chroot.
  std::string set_aside(const ContainerId& id) const { return directory(id) + "/aside"; }
  std::string log_path(const ContainerId& id) const { return directory(id) + "/ctr.log"; }
  std::string attach_socket(const ContainerId& id) const { return run_directory(id) + "/attach"; }

  /// Names that lead to no container of that name: left by a killed create, rename or rm.
  std::vector<std::string> dangling_names() const;
  /// Removes them.
  void drop_dangling_names() const;
  /// Gives a container its name back whose link is lost. False if another container has that name.
  bool restore_name(const ContainerConfig& config) const;

  /// The diff ids that containers are made of; nothing when a container's record cannot be read, so
  /// that nobody knows what it needs.
  std::optional<std::set<Digest>> layers_in_use() const;

 private:
  std::string staging(std::string_view id) const;
  ContainerNames names() const;
  /// Whether that container exists, or is being made, under this name; removes what a killed
  /// creator left of it.
  bool is_held(const std::string& id, const std::string& name) const;

  std::string root_;
  std::string containers_;
  std::string trash_;
  std::string runroot_;
};

}  // namespace coracle::store
