// SPDX-License-Identifier: Apache-2.0
// libarchive's reader with an owner, fed from a ByteSource.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <exception>
#include <memory>
#include <vector>

#include "coracle/archive/stream.hpp"

namespace coracle::archive {

struct CloseReader {
  void operator()(::archive* reader) const noexcept { archive_read_free(reader); }
};
using ArchiveReader = std::unique_ptr<::archive, CloseReader>;

/// The callbacks' side. Exceptions of the source must not cross the C library: one is kept and thrown
/// again by fail().
class ReaderInput {
 public:
  explicit ReaderInput(ByteSource& source) : source_(source), buffer_(128 << 10) {}

  void open(::archive* reader);
  /// Throws what the source threw, or else what libarchive says is wrong.
  [[noreturn]] void fail(::archive* reader);
  std::uint64_t consumed() const noexcept { return consumed_; }

 private:
  static la_ssize_t read_callback(::archive* reader, void* self, const void** data);

  ByteSource& source_;
  std::vector<char> buffer_;
  std::uint64_t consumed_ = 0;
  std::exception_ptr thrown_;
};

/// A reader of plain tar in all its formats.
ArchiveReader make_tar_reader();

/// UTF-8 names are converted by the C library's locale: makes sure that it is one that can.
void ensure_utf8_locale();

}  // namespace coracle::archive
