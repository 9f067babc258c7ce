// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/user_database.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include "coracle/base/strings.hpp"

namespace coracle::linux {
namespace {

std::optional<std::uint32_t> parse_id(std::string_view text) {
  const auto value = parse_int(text);
  if (!value || *value < 0 || *value > std::numeric_limits<std::uint32_t>::max())
    return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

/// Calls `visit(fields)` for each line until it returns true.
template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line[0] != '#' && visit(split(line, ':'))) return;
  }
}

template <typename Match>
std::optional<UserEntry> find_user(std::string_view passwd, Match match) {
  std::optional<UserEntry> found;
  for_each_line(passwd, [&](std::vector<std::string> fields) {
    if (fields.size() < 4) return false;
    const auto uid = parse_id(fields[2]);
    const auto gid = parse_id(fields[3]);
    if (!uid || !gid || !match(fields[0], *uid)) return false;
    found = UserEntry{fields[0], *uid, *gid, fields.size() > 5 ? fields[5] : "",
                      fields.size() > 6 ? fields[6] : ""};
    return true;
  });
  return found;
}

}  // namespace

std::optional<UserEntry> find_user_by_name(std::string_view passwd, std::string_view name) {
  return find_user(passwd, [&](const std::string& entry, uid_t) { return entry == name; });
}

std::optional<UserEntry> find_user_by_uid(std::string_view passwd, uid_t uid) {
  return find_user(passwd, [&](const std::string&, uid_t entry) { return entry == uid; });
}

namespace {

std::optional<GroupEntry> find_group(
    std::string_view group, const std::function<bool(std::string_view name, gid_t gid)>& fits) {
  std::optional<GroupEntry> found;
  for_each_line(group, [&](std::vector<std::string> fields) {
    if (fields.size() < 3) return false;
    const auto gid = parse_id(fields[2]);
    if (!gid || !fits(fields[0], *gid)) return false;
    found = GroupEntry{fields[0], *gid, {}};
    if (fields.size() > 3 && !fields[3].empty()) found->members = split(fields[3], ',');
    return true;
  });
  return found;
}

}  // namespace

std::optional<GroupEntry> find_group_by_name(std::string_view group, std::string_view name) {
  return find_group(group, [&](std::string_view entry, gid_t) { return entry == name; });
}

std::optional<GroupEntry> find_group_by_gid(std::string_view group, gid_t gid) {
  return find_group(group, [&](std::string_view, gid_t entry) { return entry == gid; });
}

std::vector<gid_t> groups_of_member(std::string_view group, std::string_view user) {
  std::vector<gid_t> gids;
  if (user.empty()) return gids;
  for_each_line(group, [&](std::vector<std::string> fields) {
    if (fields.size() < 4) return false;
    const auto members = split(fields[3], ',');
    const auto gid = parse_id(fields[2]);
    if (gid && std::ranges::find(members, user) != members.end()) gids.push_back(*gid);
    return false;
  });
  return gids;
}

}  // namespace coracle::linux
