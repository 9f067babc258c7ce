// SPDX-License-Identifier: Apache-2.0
// User namespaces: who maps to whom, and how an ordinary user gets there (user_namespaces(7),
// subuid(5), newuidmap(1)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/linux/process.hpp"

namespace coracle::linux {

/// One line of uid_map or gid_map.
struct IdRange {
  std::uint32_t inside = 0;   ///< first id inside the namespace
  std::uint32_t outside = 0;  ///< first id in the parent namespace
  std::uint32_t size = 0;

  bool operator==(const IdRange&) const = default;
};

struct IdMappings {
  std::vector<IdRange> uids;
  std::vector<IdRange> gids;

  bool operator==(const IdMappings&) const = default;
  bool empty() const noexcept { return uids.empty() && gids.empty(); }
};

/// A range that /etc/subuid or /etc/subgid grants.
struct SubordinateRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// The ranges of the user in the text of a subuid(5) file, by name or by number. Malformed lines are
/// skipped, as the shadow tools do.
std::vector<SubordinateRange> parse_subordinate_ids(std::string_view text, std::string_view user,
                                                    uid_t uid);

/// What the caller may map.
struct UserIdentity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
  std::vector<SubordinateRange> subuids;
  std::vector<SubordinateRange> subgids;
};
/// The calling user with the ranges of /etc/subuid and /etc/subgid.
UserIdentity current_identity();

/// The map of a rootless engine: 0 is the user, 1 and up are the subordinate ranges. With no range
/// on either side just the single id.
IdMappings rootless_mappings(const UserIdentity& identity);
/// Whether only one id is mapped, so that images with several owners will be squashed.
bool is_single_id(const IdMappings& mappings) noexcept;

/// The id in the parent namespace for one inside, or nothing if it is not mapped.
std::optional<std::uint32_t> map_outside(const std::vector<IdRange>& ranges, std::uint32_t inside);
std::optional<std::uint32_t> map_inside(const std::vector<IdRange>& ranges, std::uint32_t outside);
/// The ranges of /proc/PID/uid_map or gid_map.
std::vector<IdRange> parse_id_map(std::string_view text);
/// The text for uid_map: one line for each range.
std::string format_id_map(const std::vector<IdRange>& ranges);
/// The maps of the process `pid`, as this namespace sees them.
IdMappings mappings_of(pid_t pid);

/// Whether this process is root of a user namespace that is not the initial one.
bool in_user_namespace();

/// Gives `pid`, which has just unshared a user namespace, its maps, from outside it. Maps that the
/// caller may write itself are written; others go through newuidmap and newgidmap, side by side.
/// @throws Error unavailable with a hint when the helpers are missing or refuse
void write_mappings(pid_t pid, const IdMappings& mappings);

/// Moves this single-threaded process into a new user namespace and makes it root there.
void enter_new_user_namespace(const IdMappings& mappings);

/// Becomes uid 0, gid 0 of the user namespace this process is in.
void become_namespace_root();

}  // namespace coracle::linux
