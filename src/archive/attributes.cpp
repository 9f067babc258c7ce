// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "archive/acl_internal.hpp"
#include "archive/attributes_internal.hpp"
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

std::string saved_name(std::string_view name) {
  return std::string(k_saved_prefix) + std::string(name);
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

AttributeSetter::AttributeSetter(UnpackReport& report) : report_(report) {}

Owners::Given AttributeSetter::give_owner(const EntryHeader& entry) {
  const auto given = owners_.give(entry.uid, entry.gid);
  if (given.is_noted) ++report_.squashed_owners;
  return given;
}

/// Owner, mode, attributes, in this order: a change of owner clears setuid bits and capabilities,
/// and a change of mode would change the mask of an ACL.
void AttributeSetter::apply(int file, const EntryHeader& entry) {
  const auto owner = give_owner(entry);
  if (::fchown(file, owner.uid, owner.gid) != 0) {
    throw SysError("cannot set the owner {}:{}", owner.uid, owner.gid);
  }
  if (owner.is_noted && !try_note_owner(file, entry.uid, entry.gid)) {
    ++report_.skipped_attributes;
  }
  if (!owners_.try_set_mode(file, entry.mode, entry.type == EntryType::directory)) {
    throw SysError("cannot set the mode {:o}", entry.mode);
  }
  set_extended_attributes(file, entry);
  if (!entry.access_acl.empty()) set_acl(file, k_access_acl, entry.access_acl);
  if (!entry.default_acl.empty()) set_acl(file, k_default_acl, entry.default_acl);
}

void AttributeSetter::apply_to_link(int parent, const std::string& name, const EntryHeader& entry) {
  const auto owner = give_owner(entry);
  if (::fchownat(parent, name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    throw SysError("cannot set the owner {}:{}", owner.uid, owner.gid);
  }
  const timespec times[2] = {entry.mtime, entry.mtime};
  ::utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void AttributeSetter::apply_to_node(int parent, const std::string& name, const EntryHeader& entry) {
  apply_to_link(parent, name, entry);
  // Whoever works in the directory may have put a link there.
  ::fchmodat(parent, name.c_str(), entry.mode, AT_SYMLINK_NOFOLLOW);
  const timespec times[2] = {entry.mtime, entry.mtime};
  ::utimensat(parent, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

void AttributeSetter::set_attribute(int file, const char* name, std::string_view value) {
  if (::fsetxattr(file, name, value.data(), value.size(), 0) != 0) ++report_.skipped_attributes;
}

void AttributeSetter::set_extended_attributes(int file, const EntryHeader& entry) {
  for (const auto& [name, stored] : entry.attributes) {
    if (is_private_attribute(name) || name == k_selinux) continue;
    const std::string value = name == k_capability ? portable_capability(stored) : stored;
    if (::fsetxattr(file, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    ++report_.skipped_attributes;
    // Kept for the layers that are made from this one.
    if (name.starts_with("security.")) {
      ::fsetxattr(file, saved_name(name).c_str(), value.data(), value.size(), 0);
    }
  }
}

void AttributeSetter::set_acl(int file, const char* attribute, const std::string& text) {
  const auto value = encode_acl(text);
  if (value) {
    set_attribute(file, attribute, *value);
  } else {
    ++report_.skipped_attributes;
  }
}

void AttributeSetter::copy(int from, const struct stat& info, int to) {
  if (::fchown(to, info.st_uid, info.st_gid) != 0 ||
      ::fchmod(to, info.st_mode & k_permissions) != 0) {
    throw SysError("cannot set owner and mode");
  }
  for_each_attribute(from, [&](const std::string& name, std::string_view value) {
    const bool overlay = is_private_attribute(name) && !name.starts_with("user.coracle.");
    if (!overlay && name != k_selinux) ::fsetxattr(to, name.c_str(), value.data(), value.size(), 0);
  });
}

}  // namespace coracle::archive
