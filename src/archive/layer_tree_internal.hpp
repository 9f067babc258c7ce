// SPDX-License-Identifier: Apache-2.0
// The directory a layer is unpacked into: finds the place of each entry and keeps everything
// inside.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "archive/directory_times_internal.hpp"
#include "archive/entry_path_internal.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::archive {

class LayerTree {
 public:
  using OpenBelow = std::function<linux::Fd(const std::string& path)>;

  /// @param root        the directory; stays the caller's
  /// @param open_below  as UnpackOptions::open_below
  LayerTree(int root, const OpenBelow& open_below);

  int root() const noexcept { return root_; }

  /// The directory that an entry goes into, made when no entry named it before. Symbolic links on
  /// the way lead to where they would in the container. Borrowed until the next call.
  int open_parent(const EntryPath& path) { return open_directory(path.parent()); }

  enum class Occupant { nothing, whiteout, directory, other };
  /// What is there under this name, itself.
  static Occupant occupant(int parent, const std::string& name);
  /// Removes what an earlier entry of the same name left.
  void clear(int parent, const std::string& name);

  /// Makes the directory, or keeps the one that is there. One in the place of a whiteout is opaque:
  /// the layer removes what is below and puts something new there.
  linux::Fd make_directory(int parent, const std::string& name);
  void make_whiteout(int parent, const std::string& name);
  void make_opaque(int directory) const;

  /// Whether this layer has something under the path; `parent` is then where it is.
  bool find(const EntryPath& path, linux::Fd& parent) const;
  /// Copies a file or symbolic link of the layers below to the same path here, as overlayfs does
  /// before it changes one. False if there is none.
  bool copy_up(const EntryPath& path);
  /// Gives a directory the attributes it has in the layers below. False if it is not there.
  bool adopt_directory(int directory, const std::string& path);

  void set_time(int directory, std::string_view path, timespec mtime) {
    times_.set(directory, path, mtime);
  }
  /// Gives directories that no entry named what they have below, and all of them their times.
  void finish();

 private:
  int open_directory(std::string_view path);
  linux::Fd make_directories(std::string_view path, int links);
  linux::Fd make_missing(int parent, const std::string& name, const std::string& path, int links);
  linux::Fd open_below(const std::string& path) const;
  void forget_parent() noexcept;
  void adopt_implied();

  int root_;
  bool trusted_;  ///< see may_set_trusted()
  const OpenBelow& open_below_;
  DirectoryTimes times_;
  /// Directories that paths lead through and no entry has named so far, by inode. What they are
  /// like is looked up at the end: the layers below may still be on their way.
  std::unordered_map<ino_t, std::string> implied_;
  // Archives list the entries of a directory together, so the last one is kept open.
  linux::Fd parent_;
  std::string parent_path_;
};

}  // namespace coracle::archive
