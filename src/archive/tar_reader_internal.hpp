// SPDX-License-Identifier: Apache-2.0
// Reads tar files of all kinds that image tools write: v7, ustar, GNU, pax, with GNU's sparse
// formats.
//
// By hand, and not by libarchive, whose version 3.6 was tried first: names there pass through the C
// library's locale (which a static binary may not find), the first link target that only a pax
// record tells is lost, a damaged header in the middle is stepped over, and a sparse map takes as
// much memory as a hostile archive wants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "archive/entry_header_internal.hpp"
#include "archive/pax_records_internal.hpp"
#include "archive/ustar_internal.hpp"
#include "coracle/archive/stream.hpp"

namespace coracle::archive {

class TarReader {
 public:
  /// @param source  plain; must outlive the reader
  explicit TarReader(ByteSource& source);
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// Skips what is left of the entry at hand and reads the header of the next one. Volume labels,
  /// global headers and the like are passed over.
  /// @returns nullptr at the end; valid until the next call
  /// @throws Error invalid_argument for damaged and truncated archives
  const EntryHeader* next();

  struct Block {
    const char* data = nullptr;
    std::size_t size = 0;
    off_t offset = 0;  ///< in the file
  };
  /// The content of the entry at hand piece by piece, without its holes. False at its end. The data
  /// is valid until the next call.
  bool next_block(Block& block);
  /// The content of the entry at hand, holes as zeros. 0 at its end.
  std::size_t read(void* buffer, std::size_t size);

 private:
  bool read_block(void* block);
  std::string read_text(std::uint64_t size, std::string_view what);
  void read_exactly(char* to, std::size_t size);
  std::size_t available();
  void skip(std::uint64_t size);
  void finish_entry();

  void read_entry(const UstarHeader& header);
  void read_gnu_sparse_map(const UstarHeader& header);
  void read_sparse_map_in_content();
  void take_content(std::uint64_t size);

  ByteSource& source_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;

  EntryHeader entry_;
  // Of extension headers, for the entry that follows them.
  std::string long_name_;
  std::string long_link_;
  PaxRecords records_;

  std::uint64_t stored_left_ = 0;  ///< content in the archive that is still to be read
  std::uint64_t padding_ = 0;      ///< what fills its last block
  std::size_t extent_ = 0;         ///< where read and next_block stand: which part,
  off_t extent_done_ = 0;          ///< and how much of it
  std::uint64_t position_ = 0;     ///< of read(), in the file
};

}  // namespace coracle::archive
