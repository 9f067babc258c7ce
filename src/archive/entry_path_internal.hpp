// SPDX-License-Identifier: Apache-2.0
// Names in archives, and what they mean below the directory that an archive is unpacked into.
#pragma once

#include <string>
#include <string_view>

namespace coracle::archive {

/// A path without "." and without leading, doubled or trailing slashes: "etc/hosts"; "" is the
/// root.
struct EntryPath {
  std::string text;

  std::string_view parent() const noexcept;
  /// The last component; "" of the root.
  std::string name() const;
  bool is_root() const noexcept { return text.empty(); }
};

/// @param raw  as the archive has it
/// @throws Error invalid_argument for "..", for a path that no system call takes, for none at all
EntryPath parse_entry_path(std::string_view raw);

[[noreturn]] void refuse_entry(std::string_view why, std::string_view path);

}  // namespace coracle::archive
