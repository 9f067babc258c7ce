// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "coracle/archive/layers.hpp"

namespace coracle::archive {

/// Changes as they are found, by path.
class ChangeSet {
 public:
  /// What comes or goes also changes the directories it is in, and those they are in, as docker and
  /// podman have it.
  /// @param path  "etc/hosts"
  void record(const std::string& path, ChangeKind kind) {
    changes_.insert_or_assign("/" + path, kind);
    if (kind == ChangeKind::modified) return;
    for (auto slash = path.rfind('/'); slash != std::string::npos;
         slash = path.rfind('/', slash - 1)) {
      changes_.try_emplace("/" + path.substr(0, slash), ChangeKind::modified);
      if (slash == 0) break;
    }
  }

  std::vector<Change> list() const {
    std::vector<Change> changes;
    for (const auto& [path, kind] : changes_) changes.push_back({kind, path});
    return changes;
  }

 private:
  std::map<std::string, ChangeKind> changes_;
};

/// Overlayfs copies a directory up with its mode and times before it makes the first entry in it.
inline bool looks_the_same(const struct stat& left, const struct stat& right) noexcept {
  return left.st_mode == right.st_mode && left.st_uid == right.st_uid &&
         left.st_gid == right.st_gid && left.st_mtim.tv_sec == right.st_mtim.tv_sec &&
         left.st_mtim.tv_nsec == right.st_mtim.tv_nsec;
}

}  // namespace coracle::archive
