// SPDX-License-Identifier: Apache-2.0
// Writes pax archives (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header").
// By hand, not by libarchive: layers must be the same bytes for the same tree with any version of a
// library, files with holes must not be written out zero by zero, and names stay the bytes they are.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "archive/sparse_file_internal.hpp"
#include "coracle/archive/stream.hpp"

namespace coracle::archive {

enum class EntryType : char {
  file = '0',
  hard_link = '1',
  symlink = '2',
  character_device = '3',
  block_device = '4',
  directory = '5',
  fifo = '6',
};

struct PaxEntry {
  EntryType type = EntryType::file;
  std::string path;
  std::string link_target;  ///< of a hard or symbolic link
  mode_t mode = 0;          ///< permissions
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::uint64_t size = 0;   ///< of the content, holes included
  timespec mtime{};
  dev_t device = 0;
  std::map<std::string, std::string> attributes;
  bool sparse = false;
  std::vector<Extent> extents;  ///< of a sparse file: what data() gets, one after the other
};

class PaxWriter {
 public:
  explicit PaxWriter(ByteSink& sink) : sink_(sink) {}

  /// Begins an entry. The content of the one before must be complete.
  void begin(const PaxEntry& entry);
  void data(const void* data, std::size_t size);
  /// The end marks. The sink is not finished.
  void finish();

 private:
  using Records = std::map<std::string, std::string>;
  void write_records(const std::string& path, const Records& records);
  void write_block(std::string_view path, const PaxEntry& entry, char type, std::uint64_t size,
                   Records& records);
  void write_header(std::string_view block);
  void pad();

  ByteSink& sink_;
  std::uint64_t left_ = 0;     ///< content of the entry at hand that is still to come
  std::uint64_t written_ = 0;  ///< content of the entry at hand, for the padding
};

}  // namespace coracle::archive
