// SPDX-License-Identifier: Apache-2.0
// Overlayfs' rules of what is seen where, for layers that are not mounted.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "coracle/linux/fd.hpp"

namespace coracle::archive {

/// Paths here are relative to the root of the merged tree, without ".", "..", or symbolic links.
class MergedView {
 public:
  /// @param layers  the topmost first; those that do not exist are left out
  explicit MergedView(const std::vector<std::string>& layers);

  /// A directory of the merged tree: its path, and the layers that have a share in it.
  struct Node {
    std::string path;
    std::vector<std::size_t> layers;
  };
  Node root() const;

  /// What is seen under a name.
  struct Entry {
    linux::Fd fd;  ///< O_PATH | O_NOFOLLOW, in the topmost layer that has it
    struct stat info {};
    std::size_t layer = 0;
  };
  std::optional<Entry> look_up(const Node& directory, const std::string& name) const;
  /// The merged directory under a name that look_up() found to be one.
  Node enter(const Node& directory, const std::string& name) const;
  /// A layer's share of a merged directory, for reading; an invalid Fd if it has gone.
  linux::Fd open_share(const Node& directory, std::size_t layer) const;
  /// All names in a directory that are seen, unsorted.
  std::vector<std::string> list(const Node& directory) const;

  /// Resolves a path as a process with the merged tree as its root would.
  /// @param follow  whether a symbolic link at the end is followed
  std::optional<Entry> resolve(const std::string& path, bool follow) const;

 private:
  linux::Fd try_open(std::size_t layer, const std::string& path, int flags) const;

  std::vector<linux::Fd> layers_;
};

}  // namespace coracle::archive
