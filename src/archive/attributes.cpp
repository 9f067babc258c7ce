// SPDX-License-Identifier: Apache-2.0
#include "archive/attributes_internal.hpp"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "archive/marks_internal.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_max_value = 65536;  // XATTR_SIZE_MAX; the list of names is as long at most.
constexpr mode_t k_permissions = 07777;
/// Labels belong to the policy of the machine, not to the image.
constexpr std::string_view k_selinux = "security.selinux";
constexpr std::string_view k_capability = "security.capability";

std::string saved_name(std::string_view name) { return std::string(k_saved_prefix) + std::string(name); }

void append_acl_entry(std::string& value, unsigned tag, int permissions, std::uint32_t id) {
  const posix_acl_xattr_entry entry{static_cast<__le16>(tag), static_cast<__le16>(permissions), id};
  value.append(reinterpret_cast<const char*>(&entry), sizeof entry);
}

unsigned acl_tag(int tag) noexcept {
  constexpr unsigned k_user_obj = 0x01, k_user = 0x02, k_group_obj = 0x04, k_group = 0x08,
                     k_mask = 0x10, k_other = 0x20;  // posix_acl.h, not exported by the kernel.
  switch (tag) {
    case ARCHIVE_ENTRY_ACL_USER_OBJ: return k_user_obj;
    case ARCHIVE_ENTRY_ACL_USER: return k_user;
    case ARCHIVE_ENTRY_ACL_GROUP_OBJ: return k_group_obj;
    case ARCHIVE_ENTRY_ACL_GROUP: return k_group;
    case ARCHIVE_ENTRY_ACL_MASK: return k_mask;
    case ARCHIVE_ENTRY_ACL_OTHER: return k_other;
    default: return 0;
  }
}

/// The entries of one ACL as the kernel takes them; nothing if one cannot be told in numbers.
std::optional<std::string> encode_acl(::archive_entry* entry, int type) {
  struct Line {
    unsigned tag;
    std::uint32_t id;
    int permissions;
  };
  std::vector<Line> lines;
  int line_type = 0, permissions = 0, tag = 0, id = 0;
  const char* name = nullptr;
  while (archive_entry_acl_next(entry, type, &line_type, &permissions, &tag, &id, &name) == ARCHIVE_OK) {
    const unsigned kernel_tag = acl_tag(tag);
    const bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;
    if (kernel_tag == 0 || (named && id < 0)) return std::nullopt;
    const auto number = named ? static_cast<std::uint32_t>(id) : ~std::uint32_t{0};
    lines.push_back({kernel_tag, number, permissions & 7});
  }
  // The kernel insists on this order.
  std::ranges::sort(lines, [](const Line& left, const Line& right) {
    return std::pair(left.tag, left.id) < std::pair(right.tag, right.id);
  });
  const posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
  std::string value(reinterpret_cast<const char*>(&header), sizeof header);
  for (const auto& line : lines) append_acl_entry(value, line.tag, line.permissions, line.id);
  return value;
}

}  // namespace

std::string format_owner(const Owner& owner) {
  return std::to_string(owner.uid) + ":" + std::to_string(owner.gid);
}

std::optional<Owner> parse_owner(std::string_view text) noexcept {
  const auto pair = split_once(text, ':');
  const auto uid = pair ? parse_int(pair->first) : std::nullopt;
  const auto gid = pair ? parse_int(pair->second) : std::nullopt;
  if (!uid || !gid) return std::nullopt;
  return Owner{*uid, *gid};
}

std::string portable_capability(std::string_view value) {
  std::string portable(value);
  if (value.size() != sizeof(vfs_ns_cap_data)) return portable;
  std::uint32_t magic = 0;
  ::memcpy(&magic, value.data(), sizeof magic);
  if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3) return portable;
  magic = (magic & ~VFS_CAP_REVISION_MASK) | VFS_CAP_REVISION_2;
  portable.resize(sizeof(vfs_cap_data));
  ::memcpy(portable.data(), &magic, sizeof magic);
  return portable;
}

void for_each_attribute(int file,
                        const std::function<void(const std::string&, std::string_view)>& visit) {
  // Most files have none: that is one system call without a buffer.
  const ssize_t needed = ::flistxattr(file, nullptr, 0);
  if (needed <= 0) return;
  std::string names(k_max_value, '\0');
  const ssize_t size = ::flistxattr(file, names.data(), names.size());
  if (size <= 0) return;
  names.resize(static_cast<std::size_t>(size));
  auto sorted = split(names, '\0');
  std::ranges::sort(sorted);
  std::string value(k_max_value, '\0');
  for (const auto& name : sorted) {
    if (name.empty()) continue;
    const ssize_t length = ::fgetxattr(file, name.c_str(), value.data(), value.size());
    if (length >= 0) visit(name, {value.data(), static_cast<std::size_t>(length)});
  }
}

timespec mtime_of(::archive_entry* entry) noexcept {
  return {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
}

AttributeSetter::AttributeSetter(UnpackReport& report)
    : report_(report), maps_(linux::mappings_of(::getpid())) {}

AttributeSetter::MappedOwner AttributeSetter::map_owner(::archive_entry* entry) {
  const auto fits = [](la_int64_t id, const std::vector<linux::IdRange>& ranges) {
    return id >= 0 && id < std::numeric_limits<std::uint32_t>::max() &&
           linux::map_outside(ranges, static_cast<std::uint32_t>(id)).has_value();
  };
  const la_int64_t uid = archive_entry_uid(entry);
  const la_int64_t gid = archive_entry_gid(entry);
  const bool uid_fits = fits(uid, maps_.uids);
  const bool gid_fits = fits(gid, maps_.gids);
  const bool squashed = !uid_fits || !gid_fits;
  if (squashed) ++report_.squashed_owners;
  return {uid_fits ? static_cast<uid_t>(uid) : 0, gid_fits ? static_cast<gid_t>(gid) : 0, squashed};
}

/// Owner, mode, attributes, in this order: a change of owner clears setuid bits and capabilities, and
/// a change of mode would change the mask of an ACL.
void AttributeSetter::apply(int file, ::archive_entry* entry) {
  const MappedOwner owner = map_owner(entry);
  if (::fchown(file, owner.uid, owner.gid) != 0) {
    throw SysError("cannot set the owner {}:{}", owner.uid, owner.gid);
  }
  if (owner.squashed) {
    set_attribute(file, k_owner_attribute,
                  format_owner({archive_entry_uid(entry), archive_entry_gid(entry)}));
  }
  if (::fchmod(file, archive_entry_perm(entry) & k_permissions) != 0) {
    throw SysError("cannot set the mode {:o}", archive_entry_perm(entry));
  }
  set_extended_attributes(file, entry);
  const int acls = archive_entry_acl_types(entry);
  if ((acls & ARCHIVE_ENTRY_ACL_TYPE_ACCESS) != 0) {
    set_acl(file, entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access");
  }
  if ((acls & ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) != 0) {
    set_acl(file, entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default");
  }
}

void AttributeSetter::apply_to_link(int parent, const std::string& name, ::archive_entry* entry) {
  const MappedOwner owner = map_owner(entry);
  if (::fchownat(parent, name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    throw SysError("cannot set the owner {}:{}", owner.uid, owner.gid);
  }
  const timespec times[2] = {mtime_of(entry), mtime_of(entry)};
  ::utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void AttributeSetter::apply_to_node(int parent, const std::string& name, ::archive_entry* entry) {
  apply_to_link(parent, name, entry);
  // fchmodat cannot be told not to follow links, but what is there was just made by mknodat.
  ::fchmodat(parent, name.c_str(), archive_entry_perm(entry) & k_permissions, 0);
  const timespec times[2] = {mtime_of(entry), mtime_of(entry)};
  ::utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void AttributeSetter::set_attribute(int file, const char* name, std::string_view value) {
  if (::fsetxattr(file, name, value.data(), value.size(), 0) != 0) ++report_.skipped_attributes;
}

void AttributeSetter::set_extended_attributes(int file, ::archive_entry* entry) {
  archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* data = nullptr;
  std::size_t size = 0;
  while (archive_entry_xattr_next(entry, &name, &data, &size) == ARCHIVE_OK) {
    if (name == nullptr || is_private_attribute(name) || name == k_selinux) continue;
    std::string value(static_cast<const char*>(data), size);
    if (name == k_capability) value = portable_capability(value);
    if (::fsetxattr(file, name, value.data(), value.size(), 0) == 0) continue;
    ++report_.skipped_attributes;
    // Kept for the layers that are made from this one.
    if (std::string_view(name).starts_with("security.")) {
      ::fsetxattr(file, saved_name(name).c_str(), value.data(), value.size(), 0);
    }
  }
}

void AttributeSetter::set_acl(int file, ::archive_entry* entry, int type, const char* attribute) {
  archive_entry_acl_reset(entry, type);
  const auto value = encode_acl(entry, type);
  if (value) {
    set_attribute(file, attribute, *value);
  } else {
    ++report_.skipped_attributes;
  }
}

void AttributeSetter::copy(int from, const struct stat& info, int to) {
  if (::fchown(to, info.st_uid, info.st_gid) != 0 || ::fchmod(to, info.st_mode & k_permissions) != 0) {
    throw SysError("cannot set owner and mode");
  }
  for_each_attribute(from, [&](const std::string& name, std::string_view value) {
    const bool overlay = is_private_attribute(name) && !name.starts_with("user.coracle.");
    if (!overlay && name != k_selinux) ::fsetxattr(to, name.c_str(), value.data(), value.size(), 0);
  });
}

}  // namespace coracle::archive
