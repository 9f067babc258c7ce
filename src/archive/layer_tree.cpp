// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "archive/attributes_internal.hpp"
#include "archive/layer_tree_internal.hpp"
#include "archive/marks_internal.hpp"
#include "coracle/archive/stream.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/resolve.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::archive {
namespace {

constexpr int k_directory = O_RDONLY | O_DIRECTORY;
constexpr int k_max_links = 40;  // As the kernel's MAXSYMLINKS.
constexpr std::size_t k_most_implied = 8192;

ino_t inode_of(int directory, const std::string& path) {
  struct stat info {};
  if (::fstat(directory, &info) != 0) throw SysError("cannot stat directory '{}'", path);
  return info.st_ino;
}

std::string read_link_at(int directory, const char* name) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = ::readlinkat(directory, name, target.data(), target.size());
  if (size < 0) throw SysError("cannot read the symbolic link '{}'", name);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

}  // namespace

LayerTree::LayerTree(int root, const OpenBelow& open_below)
    : root_(root), trusted_(may_set_trusted()), open_below_(open_below), times_(root) {}

void LayerTree::forget_parent() noexcept {
  parent_.reset();
  parent_path_.clear();
}

int LayerTree::open_directory(std::string_view path) {
  if (times_.is_full()) {
    times_.apply();
    forget_parent();
  }
  if (path.empty()) {
    times_.keep(root_, "");
    return root_;
  }
  if (parent_ && parent_path_ == path) return parent_.get();
  const std::string text(path);
  linux::Fd fd = linux::try_open_no_symlinks(root_, text, k_directory);
  if (!fd) fd = make_directories(path, 0);
  times_.keep(fd.get(), path);
  parent_ = std::move(fd);
  parent_path_ = text;
  return parent_.get();
}

/// @param links  how many symbolic links led here: a circle of them must end
linux::Fd LayerTree::make_directories(std::string_view path, int links) {
  linux::Fd current = linux::open_in_root(root_, "/", k_directory);
  std::string reached;
  for (const auto& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    const std::string next = reached.empty() ? part : reached + "/" + part;
    linux::Fd fd = linux::try_open_in_root(root_, next, k_directory);
    if (!fd && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
      throw SysError("cannot open directory '{}'", next);
    }
    if (!fd) {
      times_.keep(current.get(), reached);
      fd = make_missing(current.get(), part, next, links);
    }
    current = std::move(fd);
    reached = next;
  }
  return current;
}

/// A directory that the path of an entry needs and that cannot be opened.
linux::Fd LayerTree::make_missing(int parent, const std::string& name, const std::string& path,
                                  int links) {
  struct stat info {};
  if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode)) {
    // It leads to what only the layers below have, or to nothing: then to what will be made.
    if (links >= k_max_links) refuse_entry("too many symbolic links", path);
    const std::string target = read_link_at(parent, name.c_str());
    const auto slash = path.rfind('/');
    const std::string base = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    return make_directories(target.starts_with('/') ? target : base + target, links + 1);
  }
  if (occupant(parent, name) == Occupant::other)
    refuse_entry("a file is in the place of a directory", path);
  const bool removed_below = occupant(parent, name) == Occupant::whiteout;
  linux::Fd directory = make_directory(parent, name);
  if (::fchmod(directory.get(), 0755) != 0) throw SysError("cannot set the mode of '{}'", path);
  if (!removed_below) {
    if (implied_.size() >= k_most_implied) adopt_implied();
    implied_.insert_or_assign(inode_of(directory.get(), path), path);
  }
  return directory;
}

void LayerTree::adopt_implied() {
  for (const auto& [inode, path] : implied_) {
    const linux::Fd directory = linux::try_open_in_root(root_, path, k_directory);
    // Another entry may have replaced it.
    if (directory && inode_of(directory.get(), path) == inode) {
      adopt_directory(directory.get(), path);
    }
  }
  implied_.clear();
}

void LayerTree::finish() {
  adopt_implied();
  times_.apply();
}

LayerTree::Occupant LayerTree::occupant(int parent, const std::string& name) {
  struct stat info {};
  if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return Occupant::nothing;
    throw SysError("cannot stat '{}'", name);
  }
  if (is_whiteout(info)) return Occupant::whiteout;
  return S_ISDIR(info.st_mode) ? Occupant::directory : Occupant::other;
}

void LayerTree::clear(int parent, const std::string& name) {
  if (occupant(parent, name) == Occupant::directory) {
    // `parent` may be what is kept open, and stays so. The next entry looks again.
    linux::remove_tree(linux::proc_path(parent) + "/" + name);
  } else if (::unlinkat(parent, name.c_str(), 0) != 0 && errno != ENOENT) {
    throw SysError("cannot replace '{}'", name);
  }
  // The path of the open directory may have led through what is gone.
  parent_path_.clear();
}

linux::Fd LayerTree::make_directory(int parent, const std::string& name) {
  bool made = ::mkdirat(parent, name.c_str(), 0700) == 0;
  bool opaque = false;
  if (!made && errno == EEXIST) {
    const Occupant found = occupant(parent, name);
    opaque = found == Occupant::whiteout;
    if (found != Occupant::directory) {
      clear(parent, name);
      made = ::mkdirat(parent, name.c_str(), 0700) == 0;
      if (!made) throw SysError("cannot create directory '{}'", name);
    }
  } else if (!made) {
    throw SysError("cannot create directory '{}'", name);
  }
  linux::Fd directory = linux::open_at(parent, name, k_directory | O_NOFOLLOW);
  if (opaque) make_opaque(directory.get());
  // Whoever asks for it by its name says what it is like.
  if (!implied_.empty()) implied_.erase(inode_of(directory.get(), name));
  return directory;
}

void LayerTree::make_opaque(int directory) const {
  set_opaque(directory, trusted_);
}

void LayerTree::make_whiteout(int parent, const std::string& name) {
  if (try_make_whiteout(parent, name.c_str())) return;
  if (errno != EEXIST) {
    SysError error("cannot create the whiteout of '{}'", name);
    error.set_hint("if the store lies on fuse-overlayfs, put it elsewhere (--root), on a volume");
    throw error;
  }
  // Whiteouts are about the layers below only (image-spec layer.md): a file of this layer hides
  // those by itself, a directory must be told to.
  if (occupant(parent, name) == Occupant::directory) {
    make_opaque(linux::open_at(parent, name, k_directory | O_NOFOLLOW).get());
  }
}

bool LayerTree::find(const EntryPath& path, linux::Fd& parent) const {
  const std::string directory = path.parent().empty() ? "." : std::string(path.parent());
  parent = linux::try_open_in_root(root_, directory, O_PATH | O_DIRECTORY);
  return parent && occupant(parent.get(), path.name()) != Occupant::nothing;
}

linux::Fd LayerTree::open_below(const std::string& path) const {
  return open_below_ ? open_below_(path) : linux::Fd();
}

bool LayerTree::copy_up(const EntryPath& path) {
  const linux::Fd source = open_below(path.text);
  struct stat info {};
  if (!source || ::fstat(source.get(), &info) != 0) return false;
  const std::string name = path.name();
  const timespec times[2] = {info.st_mtim, info.st_mtim};
  if (S_ISLNK(info.st_mode)) {
    const std::string target = read_link_at(source.get(), "");
    const int parent = open_parent(path);
    if (::symlinkat(target.c_str(), parent, name.c_str()) != 0 ||
        ::fchownat(parent, name.c_str(), info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW) != 0) {
      throw SysError("cannot copy the symbolic link '{}'", path.text);
    }
    ::utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    return true;
  }
  if (!S_ISREG(info.st_mode)) return false;
  const linux::Fd from = linux::open_file(linux::proc_path(source.get()), O_RDONLY);
  const linux::Fd to =
      linux::open_at(open_parent(path), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  FdSource content(from.get());
  FdSink sink(to.get(), path.text);
  archive::copy(content, sink);
  AttributeSetter::copy(from.get(), info, to.get());
  ::futimens(to.get(), times);
  return true;
}

bool LayerTree::adopt_directory(int directory, const std::string& path) {
  const linux::Fd found = open_below(path);
  struct stat info {};
  if (!found || ::fstat(found.get(), &info) != 0 || !S_ISDIR(info.st_mode)) return false;
  const linux::Fd from = linux::open_file(linux::proc_path(found.get()), O_RDONLY | O_DIRECTORY);
  AttributeSetter::copy(from.get(), info, directory);
  times_.set(directory, path, info.st_mtim);
  return true;
}

}  // namespace coracle::archive
