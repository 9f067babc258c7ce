// SPDX-License-Identifier: Apache-2.0
// Owners that files cannot have here: the user namespace of this process does not have them, or
// this process may give files to nobody (CAP_CHOWN). Files get the one owner that they can have,
// which stands for root, and a note of whom they belong to, by which pack_layer() gives them back.
// Modes that would lock this process out are treated alike where it has no CAP_DAC_OVERRIDE.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "coracle/linux/user_namespace.hpp"

namespace coracle::archive {

class Owners {
 public:
  /// Those of this process.
  Owners();

  struct Given {
    uid_t uid = 0;
    gid_t gid = 0;
    bool is_noted = false;  ///< one of them is not the one that was asked for
  };
  /// What a file gets that is to belong to `uid` and `gid`.
  Given give(std::int64_t uid, std::int64_t gid) const;
  /// Whether there is one id only, so that nearly every file has a note.
  bool is_single() const noexcept { return linux::is_single_id(maps_); }
  /// Whom layers have as the owner of a file of `uid` or `gid`, but for its note.
  uid_t uid_in_layer(uid_t uid) const noexcept { return uid == root_uid_ ? 0 : uid; }
  gid_t gid_in_layer(gid_t gid) const noexcept { return gid == root_gid_ ? 0 : gid; }
  /// The ids that files can have.
  const linux::IdMappings& maps() const noexcept { return maps_; }

  /// What a file gets whose mode is to be `mode`.
  mode_t usable_mode(mode_t mode, bool is_directory) const noexcept {
    return needs_access_ ? opened(mode, is_directory) : mode;
  }
  /// Gives an open file or directory its mode, and notes it where it gets another one.
  /// @returns false with errno set
  bool try_set_mode(int file, mode_t mode, bool is_directory) const;
  /// The mode that lets its owner read and write.
  static mode_t opened(mode_t mode, bool is_directory) noexcept;

 private:
  linux::IdMappings maps_;
  uid_t root_uid_ = 0;  ///< whom files of root get
  gid_t root_gid_ = 0;
  bool needs_access_ = false;
};

/// Notes whom an open file or directory would belong to.
/// @returns false where the file system takes no notes
bool try_note_owner(int file, std::int64_t uid, std::int64_t gid);
/// Takes the note away: it belongs to whom it says.
void forget_owner(int file) noexcept;

}  // namespace coracle::archive
