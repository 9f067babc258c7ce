// SPDX-License-Identifier: Apache-2.0
// Writes pax archives (POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header").
// The same tree gives the same bytes, whatever is installed; names stay the bytes they are; holes
// are neither read nor written.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "archive/entry_header_internal.hpp"
#include "coracle/archive/stream.hpp"

namespace coracle::archive {

class PaxWriter {
 public:
  explicit PaxWriter(ByteSink& sink) : sink_(sink) {}

  /// Begins an entry. The content of the one before must be complete. Of a sparse file data() gets
  /// the extents, one after the other.
  void begin(const EntryHeader& entry);
  void data(const void* data, std::size_t size);
  /// The end marks. The sink is not finished.
  void finish();

 private:
  using Records = std::map<std::string, std::string>;
  void write_records(const std::string& path, const Records& records);
  void write_block(std::string_view path, const EntryHeader& entry, char type, std::uint64_t size,
                   Records& records);
  void write_header(std::string_view block);
  void pad();

  ByteSink& sink_;
  std::uint64_t left_ = 0;     ///< content of the entry at hand that is still to come
  std::uint64_t written_ = 0;  ///< content of the entry at hand, for the padding
};

}  // namespace coracle::archive
