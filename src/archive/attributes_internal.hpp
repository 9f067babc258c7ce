// SPDX-License-Identifier: Apache-2.0
// Owners, modes, extended attributes, ACLs and times, between archive entries and files.
#pragma once

#include <sys/stat.h>
#include <time.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "archive/entry_header_internal.hpp"
#include "coracle/archive/owners.hpp"
#include "coracle/archive/unpack_layer.hpp"

namespace coracle::archive {

/// "UID:GID" of an entry whose owner could not be given to it.
inline constexpr const char* k_owner_attribute = "user.coracle.owner";
/// The mode, in octal digits, of a file that has got a more open one.
inline constexpr const char* k_mode_attribute = "user.coracle.mode";
/// Prefix of what would have been a security.* attribute, had the kernel permitted it.
inline constexpr std::string_view k_saved_prefix = "user.coracle.saved.";

struct Owner {
  std::int64_t uid = 0;
  std::int64_t gid = 0;
};
std::string format_owner(const Owner& owner);
std::optional<Owner> parse_owner(std::string_view text) noexcept;

/// security.capability in the form that belongs to whatever user namespace it is read in: version 3
/// ties it to the root user of one (capabilities(7), "Namespaced file capabilities"), which means
/// nothing on another machine.
std::string portable_capability(std::string_view value);

/// Calls `visit(name, value)` for each extended attribute of an open file or directory, sorted.
void for_each_attribute(int file,
                        const std::function<void(const std::string&, std::string_view)>& visit);

/// Gives files what their entries say, as far as this user namespace lets it, and counts the rest.
class AttributeSetter {
 public:
  /// @param report  counts what could not be done
  explicit AttributeSetter(UnpackReport& report);

  /// Everything but times, for a file or directory that is open.
  void apply(int file, const EntryHeader& entry);
  /// Owner and times of a symbolic link.
  void apply_to_link(int parent, const std::string& name, const EntryHeader& entry);
  /// Owner, mode and times of a device or fifo.
  void apply_to_node(int parent, const std::string& name, const EntryHeader& entry);
  /// What a file or directory of a layer below has. Both are open for reading or writing.
  static void copy(int from, const struct stat& info, int to);

 private:
  Owners::Given give_owner(const EntryHeader& entry);
  void set_attribute(int file, const char* name, std::string_view value);
  void set_extended_attributes(int file, const EntryHeader& entry);
  void set_acl(int file, const char* attribute, const std::string& text);

  UnpackReport& report_;
  Owners owners_;
};

}  // namespace coracle::archive
