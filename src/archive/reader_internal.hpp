// SPDX-License-Identifier: Apache-2.0
// libarchive's tar reader with an owner, fed from a ByteSource.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <exception>
#include <memory>
#include <vector>

#include "coracle/archive/stream.hpp"

namespace coracle::archive {

/// Reads plain tar in all its formats. Names come out byte for byte as they stand in the archive:
/// coracle never calls setlocale(3), and in the "C" locale libarchive falls back to the raw bytes of
/// what it cannot convert, which it reports as a warning.
class TarReader {
 public:
  /// @param source  must outlive the reader
  explicit TarReader(ByteSource& source);
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// Skips what is left of the entry at hand and reads the header of the next one.
  /// @returns nullptr at the end; valid until the next call
  ::archive_entry* next();
  /// The content of the entry at hand, holes as zeros. 0 at its end.
  std::size_t read_data(void* buffer, std::size_t size);
  struct Block {
    const char* data;
    std::size_t size;
    la_int64_t offset;
  };
  /// The content of the entry at hand without its holes. False at its end.
  bool next_block(Block& block);

 private:
  struct Close {
    void operator()(::archive* reader) const noexcept { archive_read_free(reader); }
  };

  static la_ssize_t read_callback(::archive* reader, void* self, const void** data);
  /// Throws what the source threw, or else what libarchive says is wrong.
  [[noreturn]] void fail();

  ByteSource& source_;
  std::vector<char> buffer_;
  std::exception_ptr thrown_;
  bool in_entry_ = false;
  bool in_header_ = false;
  std::size_t header_bytes_ = 0;
  std::unique_ptr<::archive, Close> reader_;
};

}  // namespace coracle::archive
