// SPDX-License-Identifier: Apache-2.0
#include "archive/reader_internal.hpp"

#include <new>

#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_buffer = 1 << 20;

/// What the headers of one entry may take, sparse map included. libarchive holds them in memory, and
/// recurses from one extension header to the next.
constexpr std::size_t k_max_header_bytes = 4 << 20;

/// Warnings are about names. ARCHIVE_RETRY is what a damaged header gives: the next might be better.
bool succeeded(int result) noexcept {
  return result == ARCHIVE_OK || result == ARCHIVE_WARN || result == ARCHIVE_EOF;
}

}  // namespace

TarReader::TarReader(ByteSource& source)
    : source_(source), buffer_(k_buffer), reader_(archive_read_new()) {
  if (!reader_) throw std::bad_alloc();
  archive_read_support_format_tar(reader_.get());
  archive_read_support_format_gnutar(reader_.get());
  archive_read_support_format_empty(reader_.get());
  if (archive_read_open(reader_.get(), this, nullptr, read_callback, nullptr) != ARCHIVE_OK) fail();
}

la_ssize_t TarReader::read_callback(::archive* reader, void* self, const void** data) {
  auto& tar = *static_cast<TarReader*>(self);
  try {
    if (tar.in_header_ && tar.header_bytes_ > k_max_header_bytes) {
      throw Error(ErrorClass::invalid_argument,
                  "damaged archive: the headers of one entry take more than {} bytes",
                  k_max_header_bytes);
    }
    const std::size_t got = tar.source_.read(tar.buffer_.data(), tar.buffer_.size());
    if (tar.in_header_) tar.header_bytes_ += got;
    *data = tar.buffer_.data();
    return static_cast<la_ssize_t>(got);
  } catch (...) {
    // Exceptions must not cross the C library: fail() throws it again.
    tar.thrown_ = std::current_exception();
    archive_set_error(reader, ARCHIVE_FATAL, "the source failed");
    return ARCHIVE_FATAL;
  }
}

void TarReader::fail() {
  if (thrown_) std::rethrow_exception(thrown_);
  const char* reason = archive_error_string(reader_.get());
  throw Error(ErrorClass::invalid_argument, "damaged archive: {}",
              reason != nullptr ? reason : "unknown error");
}

::archive_entry* TarReader::next() {
  // Apart from reading the header, so that skipped content does not count as one.
  if (in_entry_ && !succeeded(archive_read_data_skip(reader_.get()))) fail();
  ::archive_entry* entry = nullptr;
  in_header_ = true;
  header_bytes_ = 0;
  const int result = archive_read_next_header(reader_.get(), &entry);
  in_header_ = false;
  in_entry_ = false;
  if (result == ARCHIVE_EOF) return nullptr;
  if (!succeeded(result)) fail();
  in_entry_ = true;
  return entry;
}

std::size_t TarReader::read_data(void* buffer, std::size_t size) {
  const la_ssize_t got = archive_read_data(reader_.get(), buffer, size);
  if (got < 0) fail();
  return static_cast<std::size_t>(got);
}

bool TarReader::next_block(Block& block) {
  const void* data = nullptr;
  const int result = archive_read_data_block(reader_.get(), &data, &block.size, &block.offset);
  if (result == ARCHIVE_EOF) return false;
  if (!succeeded(result)) fail();
  block.data = static_cast<const char*>(data);
  return true;
}

}  // namespace coracle::archive
