// SPDX-License-Identifier: Apache-2.0
// libarchive's pax writer with an owner, writing to a ByteSink.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <exception>
#include <memory>

#include "coracle/archive/stream.hpp"

namespace coracle::archive {

struct FreeEntry {
  void operator()(::archive_entry* entry) const noexcept { archive_entry_free(entry); }
};
using EntryPointer = std::unique_ptr<::archive_entry, FreeEntry>;

class PaxWriter {
 public:
  explicit PaxWriter(ByteSink& sink);
  ~PaxWriter();
  PaxWriter(const PaxWriter&) = delete;
  PaxWriter& operator=(const PaxWriter&) = delete;

  void header(::archive_entry* entry);
  void data(const void* data, std::size_t size);
  void end_entry();
  void finish();

 private:
  static la_ssize_t write_callback(::archive*, void* self, const void* data, std::size_t size);
  void require(la_ssize_t result);

  ByteSink& sink_;
  ::archive* writer_;
  std::exception_ptr thrown_;
};

}  // namespace coracle::archive
