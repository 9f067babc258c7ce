// SPDX-License-Identifier: Apache-2.0
#include "coracle/archive/unpack_layer.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "archive/ownership_internal.hpp"
#include "archive/reader_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/resolve.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::archive {
namespace {

constexpr std::string_view k_whiteout_prefix = ".wh.";
constexpr std::string_view k_opaque_name = ".wh..wh..opq";
constexpr std::size_t k_max_path = 4096;

[[noreturn]] void refuse(std::string_view why, std::string_view path) {
  throw Error(ErrorClass::invalid_argument, "{} in entry '{}'", why, path.substr(0, 256));
}

/// "./a//b/" as "a/b"; "" for the root itself. ".." has no place in a layer.
std::string clean_path(const char* raw) {
  if (raw == nullptr) throw Error(ErrorClass::invalid_argument, "an entry has an unreadable name");
  if (::strlen(raw) > k_max_path) refuse("the path is too long", raw);
  std::string clean;
  for (const auto& part : split(raw, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") refuse("'..' is not allowed", raw);
    if (!clean.empty()) clean += '/';
    clean += part;
  }
  return clean;
}

class Unpacker {
 public:
  Unpacker(int root, const UnpackOptions& options)
      : root_(root),
        options_(options),
        maps_(linux::mappings_of(::getpid())),
        in_user_namespace_(linux::in_user_namespace()) {}

  void extract(::archive* reader, ReaderInput& input, ::archive_entry* entry) {
    const std::string path = clean_path(archive_entry_pathname(entry));
    ++report_.files;
    if (path.empty()) {
      if (archive_entry_filetype(entry) == AE_IFDIR) finish_directory(root_, "", entry);
      return;
    }
    const auto slash = path.rfind('/');
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    const int parent = open_parent(slash == std::string::npos ? "" : path.substr(0, slash));
    if (name.starts_with(k_whiteout_prefix)) {
      make_whiteout(parent, name);
    } else if (archive_entry_hardlink(entry) != nullptr) {
      make_hard_link(parent, name, entry);
    } else {
      make_entry(reader, input, parent, name, path, entry);
    }
  }

  /// Directories get their times last: each entry made in them changes these.
  void finish() {
    for (const auto& [path, times] : directory_times_) {
      const linux::Fd fd = path.empty()
                               ? linux::duplicate(root_)
                               : linux::try_open_no_symlinks(root_, path, O_RDONLY | O_DIRECTORY);
      if (fd) ::futimens(fd.get(), times.data());
    }
  }

  UnpackReport& report() noexcept { return report_; }

 private:
  using Times = std::array<timespec, 2>;

  static Times times_of(::archive_entry* entry) {
    const timespec mtime{archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
    return {mtime, mtime};
  }

  /// The directory that an entry goes into; made when no entry named it before. Archives list a
  /// directory's entries together, so the last one is kept open.
  int open_parent(const std::string& path) {
    if (path.empty()) return root_;
    if (path == parent_path_ && parent_) return parent_.get();
    linux::Fd fd = linux::try_open_no_symlinks(root_, path, O_RDONLY | O_DIRECTORY);
    if (!fd) {
      // A symbolic link on the way is resolved inside the layer, as in the container.
      const linux::Fd reached = linux::ensure_directory_in_root(root_, path);
      fd = linux::open_at(reached.get(), ".", O_RDONLY | O_DIRECTORY);
    }
    parent_ = std::move(fd);
    parent_path_ = path;
    return parent_.get();
  }

  /// Whatever an earlier entry of the same name left; the last one counts.
  void clear_place(int parent, const std::string& name, bool keep_directory) {
    struct stat info {};
    if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (S_ISDIR(info.st_mode)) {
      if (keep_directory) return;
      parent_path_.clear();
      linux::remove_tree(linux::proc_path(parent) + "/" + name);
    } else if (::unlinkat(parent, name.c_str(), 0) != 0) {
      throw SysError("cannot replace '{}'", name);
    }
  }

  void make_whiteout(int parent, const std::string& name) {
    if (name == k_opaque_name) {
      make_opaque(parent);
      return;
    }
    // ".wh..wh.plnk" and the like are aufs' own books.
    if (name.starts_with(".wh..wh.")) return;
    const std::string hidden = name.substr(k_whiteout_prefix.size());
    if (hidden.empty() || hidden == "." || hidden == "..") refuse("invalid whiteout", name);
    // A file of this layer with the same name hides what is below just as well.
    if (::mknodat(parent, hidden.c_str(), S_IFCHR, ::makedev(0, 0)) != 0 && errno != EEXIST) {
      throw SysError("cannot create the whiteout '{}'", name);
    }
  }

  void make_opaque(int directory) {
    if (!in_user_namespace_ && ::fsetxattr(directory, "trusted.overlay.opaque", "y", 1, 0) != 0) {
      throw SysError("cannot mark a directory as opaque");
    }
    // The kernel reads the one under userxattr, fuse-overlayfs the other.
    const bool kernel = ::fsetxattr(directory, "user.overlay.opaque", "y", 1, 0) == 0;
    const bool fuse = ::fsetxattr(directory, "user.fuseoverlayfs.opaque", "y", 1, 0) == 0;
    if (in_user_namespace_ && !kernel && !fuse) {
      throw SysError("cannot mark a directory as opaque");
    }
  }

  void make_hard_link(int parent, const std::string& name, ::archive_entry* entry) {
    const std::string target = clean_path(archive_entry_hardlink(entry));
    if (target.empty()) refuse("a hard link to nothing", name);
    const auto slash = target.rfind('/');
    const std::string target_name = slash == std::string::npos ? target : target.substr(slash + 1);
    const linux::Fd target_parent = linux::try_open_in_root(
        root_, slash == std::string::npos ? "." : target.substr(0, slash), O_PATH | O_DIRECTORY);
    struct stat info {};
    const bool here = target_parent && ::fstatat(target_parent.get(), target_name.c_str(), &info,
                                                 AT_SYMLINK_NOFOLLOW) == 0;
    if (!here) {
      copy_from_below(parent, name, target);
      return;
    }
    if (S_ISDIR(info.st_mode)) refuse("a hard link to a directory", name);
    struct stat existing {};
    const bool same = ::fstatat(parent, name.c_str(), &existing, AT_SYMLINK_NOFOLLOW) == 0 &&
                      existing.st_ino == info.st_ino && existing.st_dev == info.st_dev;
    if (same) return;
    clear_place(parent, name, false);
    if (::linkat(target_parent.get(), target_name.c_str(), parent, name.c_str(), 0) != 0) {
      throw SysError("cannot create the hard link '{}' to '{}'", name, target);
    }
  }

  /// A layer may link to a file of the layers below it: it then gets a copy, as overlayfs would make.
  void copy_from_below(int parent, const std::string& name, const std::string& target) {
    const linux::Fd source = options_.open_below ? options_.open_below(target) : linux::Fd();
    struct stat info {};
    if (!source || ::fstat(source.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
      throw Error(ErrorClass::invalid_argument, "hard link '{}' to '{}', which is not there", name,
                  target);
    }
    clear_place(parent, name, false);
    const linux::Fd file = linux::open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    FdSource content(source.get());
    FdSink sink(file.get(), name);
    copy(content, sink);
    ::fchown(file.get(), info.st_uid, info.st_gid);
    ::fchmod(file.get(), info.st_mode & 07777);
    const timespec times[2] = {info.st_mtim, info.st_mtim};
    ::futimens(file.get(), times);
  }

  void make_entry(::archive* reader, ReaderInput& input, int parent, const std::string& name,
                  const std::string& path, ::archive_entry* entry) {
    const auto type = archive_entry_filetype(entry);
    clear_place(parent, name, type == AE_IFDIR);
    switch (type) {
      case AE_IFREG: make_file(reader, input, parent, name, entry); break;
      case AE_IFDIR: make_directory(parent, name, path, entry); break;
      case AE_IFLNK: make_symlink(parent, name, entry); break;
      case AE_IFIFO: make_node(parent, name, entry, S_IFIFO); break;
      case AE_IFCHR: make_node(parent, name, entry, S_IFCHR); break;
      case AE_IFBLK: make_node(parent, name, entry, S_IFBLK); break;
      case AE_IFSOCK: break;
      default: refuse("unknown file type", path);
    }
  }

  void make_file(::archive* reader, ReaderInput& input, int parent, const std::string& name,
                 ::archive_entry* entry) {
    const linux::Fd file =
        linux::open_at(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    const void* data = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    while (true) {
      const int result = archive_read_data_block(reader, &data, &size, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result < ARCHIVE_WARN) input.fail(reader);
      write_at(file.get(), data, size, offset, name);
    }
    if (::ftruncate(file.get(), archive_entry_size(entry)) != 0) {
      throw SysError("cannot write '{}'", name);
    }
    set_attributes(file.get(), name, entry);
    ::futimens(file.get(), times_of(entry).data());
  }

  static void write_at(int file, const void* data, std::size_t size, off_t offset,
                       const std::string& name) {
    const char* next = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t written = ::pwrite(file, next, size, offset);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw SysError("cannot write '{}'", name);
      next += written;
      offset += written;
      size -= static_cast<std::size_t>(written);
    }
  }

  void make_directory(int parent, const std::string& name, const std::string& path,
                      ::archive_entry* entry) {
    if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) {
      throw SysError("cannot create directory '{}'", name);
    }
    const linux::Fd directory = linux::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    finish_directory(directory.get(), path, entry);
  }

  void finish_directory(int directory, const std::string& path, ::archive_entry* entry) {
    set_attributes(directory, path, entry);
    directory_times_.emplace_back(path, times_of(entry));
  }

  void make_symlink(int parent, const std::string& name, ::archive_entry* entry) {
    const char* target = archive_entry_symlink(entry);
    if (target == nullptr || *target == '\0') refuse("a symbolic link without target", name);
    if (::symlinkat(target, parent, name.c_str()) != 0) {
      throw SysError("cannot create symbolic link '{}'", name);
    }
    const auto [uid, gid, mapped] = owner_of(entry);
    if (!mapped) ++report_.squashed_owners;
    ::fchownat(parent, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW);
    ::utimensat(parent, name.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW);
  }

  void make_node(int parent, const std::string& name, ::archive_entry* entry, mode_t type) {
    const dev_t number = type == S_IFIFO ? 0 : archive_entry_rdev(entry);
    if (::mknodat(parent, name.c_str(), type | 0600, number) != 0) {
      if (errno != EPERM) throw SysError("cannot create device '{}'", name);
      ++report_.skipped_devices;
      return;
    }
    const auto [uid, gid, mapped] = owner_of(entry);
    if (!mapped) ++report_.squashed_owners;
    ::fchownat(parent, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW);
    ::fchmodat(parent, name.c_str(), archive_entry_perm(entry), 0);
    ::utimensat(parent, name.c_str(), times_of(entry).data(), AT_SYMLINK_NOFOLLOW);
  }

  struct Owner {
    uid_t uid;
    gid_t gid;
    bool mapped;
  };

  Owner owner_of(::archive_entry* entry) const {
    const la_int64_t uid = archive_entry_uid(entry);
    const la_int64_t gid = archive_entry_gid(entry);
    const auto fits = [](la_int64_t id, const std::vector<linux::IdRange>& ranges) {
      return id >= 0 && id < UINT32_MAX && linux::map_outside(ranges, static_cast<std::uint32_t>(id));
    };
    const bool uid_fits = fits(uid, maps_.uids);
    const bool gid_fits = fits(gid, maps_.gids);
    return {uid_fits ? static_cast<uid_t>(uid) : 0, gid_fits ? static_cast<gid_t>(gid) : 0,
            uid_fits && gid_fits};
  }

  /// Owner, attributes, mode: in this order, since a change of owner clears setuid and capabilities.
  void set_attributes(int file, const std::string& name, ::archive_entry* entry) {
    const auto [uid, gid, mapped] = owner_of(entry);
    if (::fchown(file, uid, gid) != 0) throw SysError("cannot set the owner of '{}'", name);
    if (!mapped) {
      ++report_.squashed_owners;
      const std::string owner = format_owner(archive_entry_uid(entry), archive_entry_gid(entry));
      ::fsetxattr(file, k_owner_attribute, owner.data(), owner.size(), 0);
    }
    set_extended_attributes(file, entry);
    if (::fchmod(file, archive_entry_perm(entry)) != 0) {
      throw SysError("cannot set the mode of '{}'", name);
    }
  }

  void set_extended_attributes(int file, ::archive_entry* entry) {
    archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
      if (is_private_attribute(name)) continue;
      if (::fsetxattr(file, name, value, size, 0) != 0) ++report_.skipped_attributes;
    }
  }

  int root_;
  const UnpackOptions& options_;
  linux::IdMappings maps_;
  bool in_user_namespace_;
  linux::Fd parent_;
  std::string parent_path_;
  std::vector<std::pair<std::string, Times>> directory_times_;
  UnpackReport report_;
};

}  // namespace

UnpackReport unpack_layer(ByteSource& layer, int directory, const UnpackOptions& options) {
  const auto plain = make_decompressor(layer);
  HashingSource hashed(*plain);
  ReaderInput input(hashed);
  const ArchiveReader reader = make_tar_reader();
  Unpacker unpacker(directory, options);
  input.open(reader.get());
  while (true) {
    ::archive_entry* entry = nullptr;
    const int result = archive_read_next_header(reader.get(), &entry);
    if (result == ARCHIVE_EOF) break;
    if (result < ARCHIVE_WARN) input.fail(reader.get());
    unpacker.extract(reader.get(), input, entry);
  }
  unpacker.finish();
  UnpackReport report = unpacker.report();
  report.diff_id = hashed.finish();
  report.size = hashed.size();
  return report;
}

}  // namespace coracle::archive
