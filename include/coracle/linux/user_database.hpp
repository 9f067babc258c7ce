// SPDX-License-Identifier: Apache-2.0
// passwd(5) and group(5) texts, of the host or of an image. Parsed by hand: a static binary has no
// NSS, and an image's files are nobody's to trust.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::linux {

struct UserEntry {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
  std::string shell;
};

struct GroupEntry {
  std::string name;
  gid_t gid = 0;
  std::vector<std::string> members;
};

std::optional<UserEntry> find_user_by_name(std::string_view passwd, std::string_view name);
std::optional<UserEntry> find_user_by_uid(std::string_view passwd, uid_t uid);
std::optional<GroupEntry> find_group_by_name(std::string_view group, std::string_view name);
std::optional<GroupEntry> find_group_by_gid(std::string_view group, gid_t gid);
/// The groups that list the user as a member.
std::vector<gid_t> groups_of_member(std::string_view group, std::string_view user);

}  // namespace coracle::linux
