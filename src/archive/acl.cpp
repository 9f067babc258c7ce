// SPDX-License-Identifier: Apache-2.0
#include <linux/posix_acl_xattr.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "archive/acl_internal.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::archive {
namespace {

/// The tags of posix_acl_xattr_entry, which the kernel's headers do not name for programs.
enum Tag : std::uint16_t {
  k_user_obj = 0x01,
  k_user = 0x02,
  k_group_obj = 0x04,
  k_group = 0x08,
  k_mask = 0x10,
  k_other = 0x20,
};
constexpr std::uint32_t k_no_id = std::numeric_limits<std::uint32_t>::max();

struct Entry {
  Tag tag;
  std::uint32_t id = k_no_id;
  std::uint16_t permissions = 0;
};

std::optional<std::uint16_t> parse_permissions(std::string_view text) {
  // Comments tell what the mask leaves of it: "rwx   #effective:r-x".
  text = trim(text.substr(0, text.find_first_of("#\t")));
  std::uint16_t bits = 0;
  for (const char letter : text) {
    switch (letter) {
      case 'r': bits |= 4; break;
      case 'w': bits |= 2; break;
      case 'x': bits |= 1; break;
      case '-': break;
      default: return std::nullopt;
    }
  }
  return bits;
}

std::optional<Entry> parse_entry(std::string_view text) {
  auto fields = split(text, ':');
  if (fields.size() < 2) return std::nullopt;
  const std::string kind(trim(fields[0]));
  // "mask:rwx" and "other:rwx", as Solaris has them.
  if (fields.size() == 2) fields.insert(fields.begin() + 1, "");
  const auto permissions = parse_permissions(fields[2]);
  if (!permissions) return std::nullopt;
  Entry entry{k_other, k_no_id, *permissions};
  const bool named = !fields[1].empty();
  if (kind == "user" || kind == "u") {
    entry.tag = named ? k_user : k_user_obj;
  } else if (kind == "group" || kind == "g") {
    entry.tag = named ? k_group : k_group_obj;
  } else if (kind == "mask" || kind == "m") {
    entry.tag = k_mask;
  } else if (kind != "other" && kind != "o") {
    return std::nullopt;
  }
  if (entry.tag == k_user || entry.tag == k_group) {
    const auto id = parse_int(fields.size() > 3 ? trim(fields[3]) : trim(fields[1]));
    if (!id || *id < 0 || *id >= k_no_id) return std::nullopt;
    entry.id = static_cast<std::uint32_t>(*id);
  }
  return entry;
}

}  // namespace

std::optional<std::string> encode_acl(std::string_view text) {
  std::vector<Entry> entries;
  std::string lines(text);
  std::ranges::replace(lines, ',', '\n');
  for (const auto& line : split(lines, '\n')) {
    const std::string_view stripped = trim(line);
    if (stripped.empty() || stripped.starts_with('#')) continue;
    const auto entry = parse_entry(stripped);
    if (!entry) return std::nullopt;
    entries.push_back(*entry);
  }
  if (entries.empty()) return std::nullopt;
  // The kernel insists on this order.
  std::ranges::sort(entries, [](const Entry& left, const Entry& right) {
    return std::pair(left.tag, left.id) < std::pair(right.tag, right.id);
  });
  const posix_acl_xattr_header header{POSIX_ACL_XATTR_VERSION};
  std::string value(reinterpret_cast<const char*>(&header), sizeof header);
  for (const auto& entry : entries) {
    const posix_acl_xattr_entry raw{entry.tag, entry.permissions, entry.id};
    value.append(reinterpret_cast<const char*>(&raw), sizeof raw);
  }
  return value;
}

}  // namespace coracle::archive
