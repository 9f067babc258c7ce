// SPDX-License-Identifier: Apache-2.0
// What a tar says about one entry, whichever way it says it: what TarReader gives and PaxWriter
// takes.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace coracle::archive {

/// The type flags of POSIX; `other` for those that mean nothing here.
enum class EntryType : char {
  file = '0',
  hard_link = '1',
  symlink = '2',
  character_device = '3',
  block_device = '4',
  directory = '5',
  fifo = '6',
  other = '?',
};

/// A part of a file that holds data.
struct Extent {
  off_t offset = 0;
  off_t size = 0;

  bool operator==(const Extent&) const = default;
};

struct EntryHeader {
  EntryType type = EntryType::file;
  std::string path;         ///< bytes as they stand in the archive
  std::string link_target;  ///< of a hard or symbolic link
  mode_t mode = 0;          ///< permissions
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::uint64_t size = 0;  ///< of the content, holes included
  timespec mtime{};
  dev_t device = 0;
  std::map<std::string, std::string> attributes;  ///< extended attributes
  std::string access_acl;  ///< in the text form of acl(5); only read, written as attributes
  std::string default_acl;
  bool sparse = false;
  std::vector<Extent>
      extents;  ///< of a sparse file: in order, apart from each other, within `size`
};

}  // namespace coracle::archive
