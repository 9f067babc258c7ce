// SPDX-License-Identifier: Apache-2.0
// Names of containers: symbolic links names/<name> -> id, made in one system call, so that of two
// invocations one wins. A link whose container is gone, or goes by another name, is void.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coracle/linux/file.hpp"

namespace coracle::store {

class ContainerNames {
 public:
  /// Whether the container with this id exists, or is being made, under this name.
  using IsHeld = std::function<bool(const std::string& id, const std::string& name)>;

  ContainerNames(std::string directory, IsHeld is_held)
      : directory_(std::move(directory)), is_held_(std::move(is_held)) {}

  /// @throws Error conflict in podman's words; invalid_argument for a name that is no file name
  void reserve(const std::string& name, const std::string& id) const;
  /// Frees a name if it is this container's.
  void release(const std::string& name, const std::string& id) const;
  /// The same, but the link is moved to `place`: quicker than its deletion.
  void move_away(const std::string& name, const std::string& id, const std::string& place) const;
  /// The id that a name leads to, whether that container exists or not.
  std::optional<std::string> find(const std::string& name) const;
  std::vector<std::string> list() const;
  bool is_void(const std::string& name) const;
  /// Frees a name that is void, if it still is. Returns whether it is free, or was a moment ago.
  bool release_void(const std::string& name) const;

 private:
  std::string link(const std::string& name) const { return directory_ + "/" + name; }
  /// Held while a link is looked at and removed: what took its place meanwhile must stay.
  linux::FileLock lock() const;

  std::string directory_;
  IsHeld is_held_;
};

}  // namespace coracle::store
