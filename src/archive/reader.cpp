// SPDX-License-Identifier: Apache-2.0
#include <locale.h>

#include "archive/reader_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {

la_ssize_t ReaderInput::read_callback(::archive* reader, void* self, const void** data) {
  auto& input = *static_cast<ReaderInput*>(self);
  try {
    const std::size_t got = input.source_.read(input.buffer_.data(), input.buffer_.size());
    input.consumed_ += got;
    *data = input.buffer_.data();
    return static_cast<la_ssize_t>(got);
  } catch (...) {
    input.thrown_ = std::current_exception();
    archive_set_error(reader, ARCHIVE_FATAL, "the source failed");
    return ARCHIVE_FATAL;
  }
}

void ReaderInput::open(::archive* reader) {
  ensure_utf8_locale();
  if (archive_read_open(reader, this, nullptr, read_callback, nullptr) != ARCHIVE_OK) fail(reader);
}

void ReaderInput::fail(::archive* reader) {
  if (thrown_) std::rethrow_exception(thrown_);
  const char* reason = archive_error_string(reader);
  throw Error(ErrorClass::invalid_argument, "damaged archive: {}",
              reason != nullptr ? reason : "unknown error");
}

ArchiveReader make_tar_reader() {
  ArchiveReader reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_gnutar(reader.get());
  archive_read_support_format_empty(reader.get());
  return reader;
}

void ensure_utf8_locale() {
  static const bool k_done = [] {
    ::setlocale(LC_CTYPE, "C.UTF-8");
    return true;
  }();
  (void)k_done;
}

}  // namespace coracle::archive
