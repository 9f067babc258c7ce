// SPDX-License-Identifier: Apache-2.0
#include "coracle/archive/owners.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fmt/format.h>
#include <limits>

#include "archive/attributes_internal.hpp"
#include "coracle/linux/capabilities.hpp"

namespace coracle::archive {
namespace {

constexpr mode_t k_permissions = 07777;

bool fits(std::int64_t id, const std::vector<linux::IdRange>& ranges) {
  return id >= 0 && id < std::numeric_limits<std::uint32_t>::max() &&
         linux::map_outside(ranges, static_cast<std::uint32_t>(id)).has_value();
}

}  // namespace

Owners::Owners() : needs_access_(!linux::holds_capability("dac_override")) {
  if (linux::holds_capability("chown")) {
    maps_ = linux::mappings_of(::getpid());
  } else {
    maps_ = linux::single_mapping();
    root_uid_ = ::geteuid();
    root_gid_ = ::getegid();
  }
}

Owners::Given Owners::give(std::int64_t uid, std::int64_t gid) const {
  const bool uid_fits = fits(uid, maps_.uids);
  const bool gid_fits = fits(gid, maps_.gids);
  return {uid_fits && uid != 0 ? static_cast<uid_t>(uid) : root_uid_,
          gid_fits && gid != 0 ? static_cast<gid_t>(gid) : root_gid_, !uid_fits || !gid_fits};
}

mode_t Owners::opened(mode_t mode, bool is_directory) noexcept {
  return mode | static_cast<mode_t>(is_directory ? S_IRWXU : S_IRUSR | S_IWUSR);
}

bool Owners::try_set_mode(int file, mode_t mode, bool is_directory) const {
  mode &= k_permissions;
  const mode_t given = usable_mode(mode, is_directory);
  if (given == mode) {
    if (is_single()) ::fremovexattr(file, k_mode_attribute);  // Elsewhere there is none.
  } else {
    const std::string note = fmt::format("{:o}", mode);
    ::fsetxattr(file, k_mode_attribute, note.data(), note.size(), 0);
  }
  return ::fchmod(file, given) == 0;
}

bool try_note_owner(int file, std::int64_t uid, std::int64_t gid) {
  const std::string note = format_owner({uid, gid});
  return ::fsetxattr(file, k_owner_attribute, note.data(), note.size(), 0) == 0;
}

void forget_owner(int file) noexcept {
  ::fremovexattr(file, k_owner_attribute);
}

}  // namespace coracle::archive
