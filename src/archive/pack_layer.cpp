// SPDX-License-Identifier: Apache-2.0
#include "coracle/archive/pack_layer.hpp"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "archive/attributes_internal.hpp"
#include "archive/marks_internal.hpp"
#include "archive/pax_writer_internal.hpp"
#include "archive/sparse_file_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/directory.hpp"
#include "coracle/linux/mapped_ids.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_buffer = 1 << 20;
constexpr std::size_t k_most_extents = 4096;

std::vector<std::string> sorted_names(int directory) {
  std::vector<std::string> names;
  linux::Directory entries(directory);
  while (const auto entry = entries.next()) names.emplace_back(entry->name);
  std::ranges::sort(names);
  return names;
}

EntryType type_of(mode_t mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFDIR: return EntryType::directory;
    case S_IFLNK: return EntryType::symlink;
    case S_IFCHR: return EntryType::character_device;
    case S_IFBLK: return EntryType::block_device;
    case S_IFIFO: return EntryType::fifo;
    default: return EntryType::file;
  }
}

/// Labels and sums that the machine gives to inodes; they mean nothing on another.
bool belongs_to_machine(std::string_view name) noexcept {
  return name == "security.selinux" || name == "security.evm";
}

class Packer {
 public:
  Packer(ByteSink& sink, const PackOptions& options)
      : pax_(sink), options_(options), buffer_(k_buffer) {
    if (options.changes != nullptr) select(*options.changes);
  }

  void pack_directory(int directory, const std::string& path) {
    if (options_.overlay_upper && is_opaque(directory)) add_mark(path, std::string(k_opaque_name));
    for (const auto& name : sorted_names(directory)) {
      if (options_.overlay_upper && is_opaque_book(name)) continue;
      const std::string child = path.empty() ? name : path + "/" + name;
      if (options_.excluded && options_.excluded(child)) continue;
      if (options_.changes != nullptr && !selected_.contains(child)) continue;
      pack_entry(directory, name, path, child);
    }
    if (const auto removed = removed_.find(path); removed != removed_.end()) {
      for (const auto& name : removed->second)
        add_mark(path, std::string(k_whiteout_prefix) + name);
    }
  }
  void pack_tree(const NamedTree& tree) {
    struct stat info {};
    if (::fstat(tree.directory, &info) != 0) throw SysError("cannot stat '{}'", tree.name);
    EntryHeader entry = describe(info, tree.name);
    add_attributes(tree.directory, entry);
    pax_.begin(entry);
    pack_directory(tree.directory, tree.name);
  }
  void finish() { pax_.finish(); }

 private:
  void select(const std::vector<Change>& changes) {
    for (const auto& change : changes) {
      std::string path = change.path.substr(1);
      auto slash = path.rfind('/');
      if (change.kind == ChangeKind::deleted) {
        const bool at_root = slash == std::string::npos;
        removed_[at_root ? "" : path.substr(0, slash)].push_back(
            path.substr(at_root ? 0 : slash + 1));
      } else {
        selected_.insert(path);
      }
      for (; slash != std::string::npos; slash = path.rfind('/')) {
        path.resize(slash);
        selected_.insert(path);
      }
    }
  }

  void pack_entry(int parent, const std::string& name, const std::string& parent_path,
                  const std::string& path) {
    struct stat info {};
    if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return;  // Gone meanwhile.
      throw SysError("cannot stat '{}'", path);
    }
    if (options_.overlay_upper && is_whiteout(info)) {
      add_mark(parent_path, std::string(k_whiteout_prefix) + name);
    } else if (S_ISSOCK(info.st_mode)) {
      return;
    } else if (is_layer() && name.starts_with(k_whiteout_prefix)) {
      pack_marked_name(info, name, parent_path, path);
    } else if (S_ISDIR(info.st_mode)) {
      const linux::Fd directory = linux::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      EntryHeader entry = describe(info, path);
      add_attributes(directory.get(), entry);
      pax_.begin(entry);
      pack_directory(directory.get(), path);
    } else {
      pack_leaf(parent, name, path, info);
    }
  }

  /// And not all there is in a tree.
  bool is_layer() const noexcept { return options_.overlay_upper || options_.changes != nullptr; }

  /// fuse-overlayfs marks by ".wh." files what it may not mark by devices. Anything else with such
  /// a name would remove something from the image that the layer becomes part of.
  void pack_marked_name(const struct stat& info, const std::string& name,
                        const std::string& parent_path, const std::string& path) {
    if (options_.overlay_upper && options_.marks_in_names && S_ISREG(info.st_mode) &&
        info.st_size == 0) {
      add_mark(parent_path, name);
    } else {
      log::warn("'{}' is left out of the layer: its name means a removed file there", path);
    }
  }

  void pack_leaf(int parent, const std::string& name, const std::string& path,
                 const struct stat& info) {
    EntryHeader entry = describe(info, path);
    if (info.st_nlink > 1 && !first_link(info, path, entry)) {
      pax_.begin(entry);
      return;
    }
    if (S_ISLNK(info.st_mode)) {
      entry.link_target.resize(PATH_MAX);
      const ssize_t size =
          ::readlinkat(parent, name.c_str(), entry.link_target.data(), entry.link_target.size());
      if (size < 0) throw SysError("cannot read link '{}'", path);
      entry.link_target.resize(static_cast<std::size_t>(size));
    }
    if (!S_ISREG(info.st_mode)) {
      pax_.begin(entry);
      return;
    }
    const linux::Fd file = linux::open_at(parent, name, O_RDONLY | O_NOFOLLOW);
    entry.size = static_cast<std::uint64_t>(info.st_size);
    add_attributes(file.get(), entry);
    pack_content(file.get(), entry, info);
  }

  EntryHeader describe(const struct stat& info, const std::string& path) const {
    EntryHeader entry;
    entry.type = type_of(info.st_mode);
    entry.path = path;
    entry.mode = info.st_mode;
    entry.uid = linux::inside_id(options_.owners.uids, owners_.uid_in_layer(info.st_uid));
    entry.gid = linux::inside_id(options_.owners.gids, owners_.gid_in_layer(info.st_gid));
    entry.mtime = info.st_mtim;
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) entry.device = info.st_rdev;
    return entry;
  }

  void pack_content(int file, EntryHeader& entry, const struct stat& info) {
    const auto extents = data_extents(file, info.st_size, k_most_extents);
    off_t data = 0;
    for (const auto& extent : extents) data += extent.size;
    entry.sparse = data < info.st_size;
    if (entry.sparse) entry.extents = extents;
    pax_.begin(entry);
    for (const auto& extent : extents) write_extent(file, extent, entry.path);
  }

  void write_extent(int file, const Extent& extent, const std::string& path) {
    off_t done = 0;
    while (done < extent.size) {
      const auto wanted =
          std::min<std::size_t>(static_cast<std::size_t>(extent.size - done), k_buffer);
      const ssize_t got = ::pread(file, buffer_.data(), wanted, extent.offset + done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw SysError("cannot read '{}'", path);
      if (got == 0) throw Error(ErrorClass::conflict, "'{}' shrank while it was archived", path);
      pax_.data(buffer_.data(), static_cast<std::size_t>(got));
      done += got;
    }
  }

  /// Whether this is the first name of its inode; a later one becomes a hard link to it.
  bool first_link(const struct stat& info, const std::string& path, EntryHeader& entry) {
    const auto [known, added] =
        links_.try_emplace({info.st_dev, info.st_ino}, Link{path, info.st_nlink - 1});
    if (added) return true;
    entry.type = EntryType::hard_link;
    entry.link_target = known->second.path;
    if (--known->second.names_left == 0) links_.erase(known);
    return false;
  }

  void add_attributes(int file, EntryHeader& entry) {
    for_each_attribute(file, [&](const std::string& name, std::string_view value) {
      if (name == k_owner_attribute) {
        restore_owner(value, entry);
      } else if (name == k_mode_attribute) {
        restore_mode(value, entry);
      } else if (name.starts_with(k_saved_prefix)) {
        entry.attributes.try_emplace(name.substr(k_saved_prefix.size()), value);
      } else if (name.ends_with(".overlay.redirect") || name.ends_with(".overlay.metacopy")) {
        throw Error(
            ErrorClass::internal,
            "'{}' has its content elsewhere: the overlay was mounted with redirect_dir or metacopy",
            entry.path);
      } else if (name == "security.capability") {
        entry.attributes[name] = portable_capability(value);
      } else if (!is_private_attribute(name) && !belongs_to_machine(name) &&
                 name.find('=') == std::string::npos) {  // It would end the name in a pax record.
        entry.attributes[name] = value;
      }
    });
  }

  /// The record counts as long as the file has the owner that it was squashed to.
  void restore_owner(std::string_view text, EntryHeader& entry) const {
    const auto owner = parse_owner(text);
    if (!owner) return;
    const auto restore = [](std::int64_t& current, std::int64_t recorded,
                            const std::vector<linux::IdRange>& ranges) {
      const bool mapped = recorded >= 0 && recorded < UINT32_MAX &&
                          linux::map_outside(ranges, static_cast<std::uint32_t>(recorded));
      if (current == 0 && !mapped) current = recorded;
    };
    restore(entry.uid, owner->uid, owners_.maps().uids);
    restore(entry.gid, owner->gid, owners_.maps().gids);
  }

  /// The record counts as long as the file has the mode that it has got instead.
  static void restore_mode(std::string_view text, EntryHeader& entry) {
    constexpr mode_t k_permissions = 07777;
    const auto noted = parse_int(text, 8);
    if (!noted || *noted < 0 || *noted > k_permissions) return;
    const auto mode = static_cast<mode_t>(*noted);
    const mode_t current = entry.mode & k_permissions;
    const bool is_directory = entry.type == EntryType::directory;
    if (current != mode && current == Owners::opened(mode, is_directory)) {
      entry.mode = (entry.mode & ~k_permissions) | mode;
    }
  }

  void add_mark(const std::string& directory, const std::string& name) {
    EntryHeader entry;
    entry.path = directory.empty() ? name : directory + "/" + name;
    pax_.begin(entry);
  }

  struct Link {
    std::string path;
    nlink_t names_left;
  };

  PaxWriter pax_;
  const PackOptions& options_;
  const Owners owners_;
  std::map<std::pair<dev_t, ino_t>, Link> links_;
  std::set<std::string> selected_;                           ///< by options_.changes
  std::map<std::string, std::vector<std::string>> removed_;  ///< names by directory
  std::vector<char> buffer_;
};

}  // namespace

void pack_layer(int directory, ByteSink& sink, const PackOptions& options) {
  Packer packer(sink, options);
  packer.pack_directory(directory, "");
  packer.finish();
}

void pack_trees(const std::vector<NamedTree>& trees, ByteSink& sink, const PackOptions& options) {
  Packer packer(sink, options);
  for (const auto& tree : trees) packer.pack_tree(tree);
  packer.finish();
}

}  // namespace coracle::archive
