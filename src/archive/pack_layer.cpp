// SPDX-License-Identifier: Apache-2.0
#include "coracle/archive/pack_layer.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>

#include "archive/overlay_internal.hpp"
#include "archive/ownership_internal.hpp"
#include "archive/writer_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/directory.hpp"

namespace coracle::archive {
namespace {

std::vector<std::string> sorted_names(int directory) {
  std::vector<std::string> names;
  linux::Directory entries(directory);
  while (const auto entry = entries.next()) names.emplace_back(entry->name);
  std::ranges::sort(names);
  return names;
}

class Packer {
 public:
  Packer(ByteSink& sink, const PackOptions& options) : pax_(sink), options_(options) {}

  void pack_directory(int directory, const std::string& path) {
    if (options_.overlay_upper && is_opaque(directory)) add_mark(path, ".wh..wh..opq");
    for (const auto& name : sorted_names(directory)) {
      const std::string child = path.empty() ? name : path + "/" + name;
      if (options_.excluded && options_.excluded(child)) continue;
      pack_entry(directory, name, child);
    }
  }
  void finish() { pax_.finish(); }

 private:
  void pack_entry(int parent, const std::string& name, const std::string& path) {
    struct stat info {};
    if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return;  // Gone meanwhile.
      throw SysError("cannot stat '{}'", path);
    }
    if (S_ISSOCK(info.st_mode)) return;
    if (options_.overlay_upper && is_whiteout(info)) {
      const auto slash = path.rfind('/');
      add_mark(slash == std::string::npos ? "" : path.substr(0, slash), ".wh." + name);
      return;
    }
    const EntryPointer entry(archive_entry_new());
    archive_entry_copy_stat(entry.get(), &info);
    // Times of access and change are nobody's business, and differ with every build.
    archive_entry_unset_atime(entry.get());
    archive_entry_unset_ctime(entry.get());
    archive_entry_unset_birthtime(entry.get());
    if (S_ISDIR(info.st_mode)) {
      pack_directory_entry(parent, name, path, entry.get());
    } else if (first_link(info, path, entry.get())) {
      pack_content(parent, name, path, info, entry.get());
    } else {
      pax_.header(entry.get());
    }
  }

  void pack_directory_entry(int parent, const std::string& name, const std::string& path,
                            ::archive_entry* entry) {
    const linux::Fd directory = linux::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    archive_entry_set_pathname(entry, (path + "/").c_str());
    copy_attributes(directory.get(), entry);
    pax_.header(entry);
    pack_directory(directory.get(), path);
  }

  void pack_content(int parent, const std::string& name, const std::string& path,
                    const struct stat& info, ::archive_entry* entry) {
    if (S_ISLNK(info.st_mode)) {
      char target[PATH_MAX];
      const ssize_t size = ::readlinkat(parent, name.c_str(), target, sizeof target - 1);
      if (size < 0) throw SysError("cannot read link '{}'", path);
      target[size] = '\0';
      archive_entry_set_symlink(entry, target);
    }
    linux::Fd file;
    if (S_ISREG(info.st_mode)) {
      file = linux::open_at(parent, name, O_RDONLY | O_NOFOLLOW);
      copy_attributes(file.get(), entry);
    }
    pax_.header(entry);
    if (file) write_content(file.get(), path, info.st_size);
  }

  void write_content(int file, const std::string& path, off_t size) {
    off_t left = size;
    while (left > 0) {
      const auto wanted = static_cast<std::size_t>(std::min<off_t>(left, sizeof buffer_));
      const ssize_t got = ::read(file, buffer_, wanted);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw SysError("cannot read '{}'", path);
      if (got == 0) throw Error(ErrorClass::conflict, "'{}' shrank while it was archived", path);
      pax_.data(buffer_, static_cast<std::size_t>(got));
      left -= got;
    }
    pax_.end_entry();
  }

  /// Whether this is the first name of its inode; a later one becomes a hard link to it.
  bool first_link(const struct stat& info, const std::string& path, ::archive_entry* entry) {
    archive_entry_set_pathname(entry, path.c_str());
    if (info.st_nlink < 2) return true;
    const auto [known, added] = links_.try_emplace({info.st_dev, info.st_ino}, path);
    if (added) return true;
    archive_entry_set_hardlink(entry, known->second.c_str());
    archive_entry_set_size(entry, 0);
    return false;
  }

  void copy_attributes(int file, ::archive_entry* entry) {
    char names[65536];
    const ssize_t size = ::flistxattr(file, names, sizeof names);
    for (const char* name = names; size > 0 && name < names + size; name += ::strlen(name) + 1) {
      char value[65536];
      const ssize_t length = ::fgetxattr(file, name, value, sizeof value);
      if (length < 0) continue;
      if (::strcmp(name, k_owner_attribute) == 0) {
        restore_owner(std::string_view(value, static_cast<std::size_t>(length)), entry);
      } else if (!is_private_attribute(name) && ::strncmp(name, "system.", 7) != 0) {
        archive_entry_xattr_add_entry(entry, name, value, static_cast<std::size_t>(length));
      }
    }
  }

  static void restore_owner(std::string_view text, ::archive_entry* entry) {
    const auto pair = split_once(text, ':');
    const auto uid = pair ? parse_int(pair->first) : std::nullopt;
    const auto gid = pair ? parse_int(pair->second) : std::nullopt;
    if (!uid || !gid) return;
    archive_entry_set_uid(entry, *uid);
    archive_entry_set_gid(entry, *gid);
  }

  void add_mark(const std::string& directory, const std::string& name) {
    const EntryPointer entry(archive_entry_new());
    const std::string path = directory.empty() ? name : directory + "/" + name;
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_mode(entry.get(), S_IFREG);
    archive_entry_set_size(entry.get(), 0);
    archive_entry_set_mtime(entry.get(), 0, 0);
    pax_.header(entry.get());
  }

  PaxWriter pax_;
  const PackOptions& options_;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;
  char buffer_[128 << 10];
};

}  // namespace

void pack_layer(int directory, ByteSink& sink, const PackOptions& options) {
  const auto packer = std::make_unique<Packer>(sink, options);
  packer->pack_directory(directory, "");
  packer->finish();
}

}  // namespace coracle::archive
