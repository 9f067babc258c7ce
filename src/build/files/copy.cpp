// SPDX-License-Identifier: Apache-2.0
#include "build/files/copy.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "coracle/archive/owners.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/copy_tree.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/resolve.hpp"

namespace coracle::build {
namespace {

constexpr mode_t k_directory_mode = 0755;
constexpr int k_max_links = 40;  // As the kernel's MAXSYMLINKS.
constexpr int k_directory = O_RDONLY | O_DIRECTORY;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

class Copier {
 public:
  Copier(const FileTree& tree, const CopyTarget& target)
      : tree_(tree),
        target_(target),
        may_have_notes_(
            owners_.is_single() ||
            (target.owner && owners_.give(target.owner->uid, target.owner->gid).is_noted)) {}

  void copy(const Selection& selection) {
    const std::string path = follow(target_.destination);
    const bool is_directory = selection.needs_directory || path.ends_with('/') || is_there(path);
    if (is_directory) {
      place_ = open_place(path);
      if (target_.moves) check_directories(selection);
      for (const auto& file : selection.files) copy_one(file, file.target);
      finish_directories();
      return;
    }
    const std::string name = name_of(path);
    if (name.empty() || name == "." || name == "..") {
      throw Error(ErrorClass::invalid_argument, "'{}' is no place for a file", path);
    }
    place_ = open_place(parent_of(path));
    for (const auto& file : selection.files) copy_one(file, name);
  }

  /// Opens a directory of the step's file system, and makes what is missing.
  linux::Fd open_place(const std::string& path) {
    linux::Fd directory = linux::duplicate(target_.root);
    std::string done;
    for (const auto& name : split(path, '/')) {
      if (name.empty() || name == ".") continue;
      done += "/" + name;
      linux::Fd next = linux::try_open_in_root(target_.root, done, k_directory);
      if (!next && errno == ENOENT) next = make_missing(directory.get(), name, done);
      if (!next && errno == ENOTDIR) {
        throw Error(ErrorClass::conflict, "cannot copy to non-directory: {}", done);
      }
      if (!next) throw SysError("cannot copy to '{}'", done);
      directory = std::move(next);
    }
    return directory;
  }

 private:
  bool is_there(const std::string& path) const {
    return linux::try_open_in_root(target_.root, path, O_PATH | O_DIRECTORY).valid();
  }

  /// A dangling link in the way leads to a directory that is made where it points.
  linux::Fd make_missing(int directory, const std::string& name, const std::string& path) {
    if (::mkdirat(directory, name.c_str(), k_directory_mode) != 0) {
      if (errno != EEXIST) throw SysError("cannot create the directory '{}'", path);
      const auto target = link_target(directory, path);
      if (!target) throw SysError("cannot create the directory '{}'", path);
      return open_place(*target);
    }
    linux::Fd made = linux::open_at(directory, name, k_directory | O_NOFOLLOW);
    const Owner owner = target_.parent_owner.value_or(target_.owner.value_or(Owner{}));
    const auto given = owners_.give(owner.uid, owner.gid);
    if (::fchown(made.get(), given.uid, given.gid) != 0 ||
        ::fchmod(made.get(), k_directory_mode) != 0) {
      throw SysError("cannot create the directory '{}'", path);
    }
    if (given.is_noted) archive::try_note_owner(made.get(), owner.uid, owner.gid);
    return made;
  }

  /// Where the link at `path`, which is in `directory`, leads; nothing if it is none.
  std::optional<std::string> link_target(int directory, const std::string& path) {
    char target[PATH_MAX];
    const ssize_t size = ::readlinkat(directory, name_of(path).c_str(), target, sizeof target);
    if (size <= 0) return std::nullopt;
    if (++links_followed_ > k_max_links) {
      throw SysError(ELOOP, "cannot copy to '" + path + "'");
    }
    const std::string to(target, static_cast<std::size_t>(size));
    return to.starts_with('/') ? to : parent_of(path) + "/" + to;
  }

  /// Where a file goes whose destination is a link.
  std::string follow(const std::string& path) {
    if (path.ends_with('/')) return path;
    const std::string parent = parent_of(path);
    const linux::Fd directory =
        linux::try_open_in_root(target_.root, parent.empty() ? "/" : parent, k_directory);
    const auto target = directory ? link_target(directory.get(), path) : std::nullopt;
    return target ? follow(*target) : path;
  }

  struct stat wanted(const struct stat& info) const {
    struct stat result = info;
    if (target_.owner) {
      const auto given = owners_.give(target_.owner->uid, target_.owner->gid);
      result.st_uid = given.uid;
      result.st_gid = given.gid;
    }
    if (has_mode_of_its_own() && !S_ISLNK(info.st_mode)) {
      result.st_mode = owners_.usable_mode(wanted_mode(info), S_ISDIR(info.st_mode));
    }
    return result;
  }

  /// One that was asked for, or comes from a context, which has no notes.
  bool has_mode_of_its_own() const { return target_.owner || target_.mode; }

  mode_t wanted_mode(const struct stat& info) const {
    if (!target_.mode) return info.st_mode;
    return (info.st_mode & S_IFMT) | target_.mode->apply(info.st_mode);
  }

  /// After its attributes were copied: a note may have come with them.
  void note_owner(int file) const {
    if (!target_.owner) return;
    if (owners_.give(target_.owner->uid, target_.owner->gid).is_noted) {
      archive::try_note_owner(file, target_.owner->uid, target_.owner->gid);
    } else if (owners_.is_single()) {
      archive::forget_owner(file);
    }
  }

  void note_mode(int file, const struct stat& info) const {
    if (!has_mode_of_its_own()) return;
    (void)owners_.try_set_mode(file, wanted_mode(info), S_ISDIR(info.st_mode));
  }

  /// Links and special files can hold no note.
  void note_on_file(int directory, const std::string& name, const struct stat& info) const {
    if (!S_ISREG(info.st_mode) || !may_have_notes_) return;
    if (!has_mode_of_its_own()) return;
    const linux::Fd file =
        linux::try_open_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!file) return;
    note_owner(file.get());
    note_mode(file.get(), info);
  }

  /// Of the tree: most files are in the directory of the one before.
  int source_directory(const std::string& path) {
    if (!source_ || path != source_path_) {
      source_ = linux::try_open_no_symlinks(tree_.root, path.empty() ? "." : path, k_directory);
      if (!source_) throw SysError("cannot read '{}'", path);
      source_path_ = path;
    }
    return source_.get();
  }

  int destination_directory(const std::string& path) {
    if (path.empty()) return place_.get();
    if (!below_ || path != below_path_) {
      below_ = linux::try_open_no_symlinks(place_.get(), path, k_directory);
      if (!below_ && errno == ENOTDIR) {
        throw Error(ErrorClass::conflict, "cannot copy to non-directory: {}", path);
      }
      if (!below_) throw SysError("cannot copy to '{}'", path);
      below_path_ = path;
    }
    return below_.get();
  }

  /// Before anything is moved: what cannot be moved as a whole stays where it is.
  void check_directories(const Selection& selection) const {
    for (const auto& file : selection.files) {
      if (S_ISDIR(file.info.st_mode)) continue;
      if (linux::try_open_no_symlinks(place_.get(), file.target, O_PATH | O_DIRECTORY)) {
        refuse_directory(file.target);
      }
    }
  }

  [[noreturn]] static void refuse_directory(const std::string& target) {
    throw Error(ErrorClass::conflict, "cannot replace the directory {} with a file", target);
  }

  void copy_one(const SelectedFile& file, const std::string& target) {
    const int to = destination_directory(parent_of(target));
    const std::string name = name_of(target);
    if (S_ISDIR(file.info.st_mode)) return make_directory(to, name, file, target);
    if (target_.moves && try_move(file, to, name, target)) return;
    remove_old(to, name, target);
    if (file.info.st_nlink > 1 && try_link(file, to, name, target)) return;
    const int from = source_directory(parent_of(file.path));
    if (!linux::try_copy_leaf(from, name_of(file.path).c_str(), to, name.c_str(),
                              wanted(file.info))) {
      throw SysError("cannot copy '{}' to '{}'", file.path, target_.destination);
    }
    note_on_file(to, name, file.info);
  }

  /// @returns false when the places are on different file systems
  bool try_move(const SelectedFile& file, int to, const std::string& name,
                const std::string& target) {
    const int from = source_directory(parent_of(file.path));
    if (::renameat(from, name_of(file.path).c_str(), to, name.c_str()) == 0) return true;
    if (errno == EXDEV) return false;
    if (errno == EISDIR) refuse_directory(target);
    throw SysError("cannot replace '{}'", target);
  }

  void make_directory(int to, const std::string& name, const SelectedFile& file,
                      const std::string& target) {
    if (::mkdirat(to, name.c_str(), 0700) != 0) {
      struct stat info {};
      if (errno != EEXIST || ::fstatat(to, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        throw SysError("cannot create the directory '{}'", target);
      }
      if (!S_ISDIR(info.st_mode)) replace_by_directory(to, name, target);
    }
    // Times and modes come last: what is put in changes them, or would need them.
    directories_.emplace(target, file);
  }

  void replace_by_directory(int to, const std::string& name, const std::string& target) const {
    if (!target_.replaces && !target_.replaces_links) {
      throw Error(ErrorClass::conflict, "cannot copy to non-directory: {}", target);
    }
    if (::unlinkat(to, name.c_str(), 0) != 0 || ::mkdirat(to, name.c_str(), 0700) != 0) {
      throw SysError("cannot replace '{}'", target);
    }
  }

  void finish_directories() {
    for (auto entry = directories_.rbegin(); entry != directories_.rend(); ++entry) {
      const auto& [target, file] = *entry;
      const linux::Fd made = linux::try_open_no_symlinks(place_.get(), target, k_directory);
      const linux::Fd source =
          linux::try_open_no_symlinks(tree_.root, file.path.empty() ? "." : file.path, k_directory);
      if (!made || !source ||
          !linux::try_copy_metadata(source.get(), made.get(), wanted(file.info))) {
        throw SysError("cannot set the attributes of the directory '{}'", target);
      }
      if (may_have_notes_) {
        note_owner(made.get());
        note_mode(made.get(), file.info);
      }
    }
  }

  void remove_old(int directory, const std::string& name, const std::string& target) const {
    if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
    if (errno == EISDIR || errno == EPERM) {
      if (target_.replaces) return linux::remove_tree(linux::proc_path(directory) + "/" + name);
      refuse_directory(target);
    }
    throw SysError("cannot replace '{}'", target);
  }

  bool try_link(const SelectedFile& file, int to, const std::string& name,
                const std::string& target) {
    if (S_ISDIR(file.info.st_mode)) return false;
    const auto [known, is_first] =
        links_.emplace(std::pair(file.info.st_dev, file.info.st_ino), target);
    if (is_first) return false;
    return ::linkat(place_.get(), known->second.c_str(), to, name.c_str(), 0) == 0;
  }

  const FileTree& tree_;
  const CopyTarget& target_;
  archive::Owners owners_;
  bool may_have_notes_;
  linux::Fd place_;
  int links_followed_ = 0;
  linux::Fd source_;
  std::string source_path_;
  linux::Fd below_;
  std::string below_path_;
  std::map<std::string, SelectedFile> directories_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;
};

}  // namespace

void copy_files(const FileTree& tree, const Selection& selection, const CopyTarget& target) {
  Copier(tree, target).copy(selection);
}

void ensure_directories(const CopyTarget& target, const std::string& path) {
  const FileTree none;
  Copier copier(none, target);
  copier.open_place(path);
}

}  // namespace coracle::build
