// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/linux/directory.hpp"
#include "coracle/linux/file.hpp"

namespace coracle::linux {
namespace {

/// Opens a directory to empty it. One of our own that its owner made unreadable gets its mode back.
Fd open_to_empty(int parent, const char* name) {
  constexpr int k_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd fd(::openat(parent, name, k_flags));
  if (!fd && errno == EACCES && ::fchmodat(parent, name, 0700, 0) == 0) {
    fd.reset(::openat(parent, name, k_flags));
  }
  return fd;
}

/// A tree may be deeper than descriptors or the stack allow: the walk moves each directory that it
/// finds inside another up to the top once it is `k_max_depth` deep.
constexpr int k_max_depth = 64;

class TreeRemover {
 public:
  TreeRemover(int top, const std::string& path) : top_(top), path_(path) {
    struct stat info {};
    if (::fstat(top, &info) != 0) throw SysError("cannot stat '{}'", path);
    device_ = info.st_dev;
  }

  void empty(int directory, int depth) {
    // Removing while reading is safe on Linux for entries already returned; a second round catches
    // what a file system skipped.
    for (bool again = true; again;) {
      again = false;
      std::vector<std::string> names;
      Directory entries(directory);
      while (const auto entry = entries.next()) names.emplace_back(entry->name);
      for (const auto& name : names) {
        remove_entry(directory, name, depth);
        again = true;
      }
    }
  }

 private:
  void lift(int directory, const std::string& name) {
    while (true) {
      const std::string moved = ".deep-" + std::to_string(moved_++);
      if (::renameat(directory, name.c_str(), top_, moved.c_str()) == 0) return;
      if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) {
        throw SysError("cannot remove directory '{}' in '{}'", name, path_);
      }
    }
  }

  void remove_entry(int directory, const std::string& name, int depth) {
    if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
    if (errno == EACCES || errno == EPERM) {
      // The directory itself may be read-only for its owner.
      ::fchmod(directory, 0700);
      if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
    }
    if (errno != EISDIR && errno != EPERM)
      throw SysError("cannot remove '{}' in '{}'", name, path_);
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
    if (errno != ENOTEMPTY && errno != EEXIST) {
      throw SysError("cannot remove directory '{}' in '{}'", name, path_);
    }
    if (depth >= k_max_depth) {
      lift(directory, name);
      return;  // The next round at the top finds it.
    }
    const Fd child = open_to_empty(directory, name.c_str());
    if (!child) {
      if (errno == ENOENT) return;
      throw SysError("cannot open directory '{}' in '{}'", name, path_);
    }
    struct stat info {};
    if (::fstat(child.get(), &info) == 0 && info.st_dev != device_) {
      throw Error(ErrorClass::conflict, "something is mounted on '{}' in '{}'", name, path_);
    }
    empty(child.get(), depth + 1);
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      throw SysError("cannot remove directory '{}' in '{}'", name, path_);
    }
  }

  int top_;
  const std::string& path_;
  dev_t device_ = 0;
  unsigned moved_ = 0;
};

}  // namespace

void remove_tree(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return;
  const Fd top = open_to_empty(AT_FDCWD, path.c_str());
  if (!top) {
    if (errno == ENOENT) return;
    throw SysError("cannot open directory '{}'", path);
  }
  // Something may still have been moved in since it was last seen empty.
  constexpr int k_attempts = 10;
  for (int attempt = 1;; ++attempt) {
    TreeRemover(top.get(), path).empty(top.get(), 0);
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return;
    if (errno != ENOTEMPTY || attempt == k_attempts) throw SysError("cannot remove '{}'", path);
  }
}

}  // namespace coracle::linux
