// SPDX-License-Identifier: Apache-2.0
#include "coracle/archive/tar.hpp"

#include <sys/stat.h>

#include "archive/reader_internal.hpp"
#include "archive/writer_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

std::string clean_name(const char* name) {
  std::string_view text = name != nullptr ? name : "";
  while (text.starts_with("./") || text.starts_with('/')) {
    text.remove_prefix(text.starts_with('/') ? 1 : 2);
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

class EntryData final : public ByteSource {
 public:
  EntryData(::archive* reader, ReaderInput& input) : reader_(reader), input_(input) {}
  std::size_t read(void* buffer, std::size_t size) override {
    const la_ssize_t got = archive_read_data(reader_, buffer, size);
    if (got < 0) input_.fail(reader_);
    return static_cast<std::size_t>(got);
  }

 private:
  ::archive* reader_;
  ReaderInput& input_;
};

TarEntry describe(::archive_entry* raw) {
  TarEntry entry;
  entry.name = clean_name(archive_entry_pathname(raw));
  entry.size = static_cast<std::uint64_t>(archive_entry_size(raw));
  if (const char* target = archive_entry_hardlink(raw)) {
    entry.kind = TarEntry::Kind::symlink;
    entry.link_target = "/" + clean_name(target);
    return entry;
  }
  switch (archive_entry_filetype(raw)) {
    case AE_IFREG: entry.kind = TarEntry::Kind::file; break;
    case AE_IFDIR: entry.kind = TarEntry::Kind::directory; break;
    case AE_IFLNK: {
      entry.kind = TarEntry::Kind::symlink;
      const char* target = archive_entry_symlink(raw);
      entry.link_target = target != nullptr ? target : "";
      break;
    }
    default: break;
  }
  return entry;
}

}  // namespace

void for_each_entry(ByteSource& tar,
                    const std::function<bool(const TarEntry&, ByteSource&)>& visit) {
  const auto plain = make_decompressor(tar);
  ReaderInput input(*plain);
  const ArchiveReader reader = make_tar_reader();
  input.open(reader.get());
  while (true) {
    ::archive_entry* raw = nullptr;
    const int result = archive_read_next_header(reader.get(), &raw);
    if (result == ARCHIVE_EOF) return;
    if (result < ARCHIVE_WARN) input.fail(reader.get());
    const TarEntry entry = describe(raw);
    EntryData data(reader.get(), input);
    if (!visit(entry, data)) return;
  }
}

PaxWriter::PaxWriter(ByteSink& sink) : sink_(sink), writer_(archive_write_new()) {
  ensure_utf8_locale();
  archive_write_set_format_pax_restricted(writer_);
  archive_write_set_format_option(writer_, "pax", "xattrheader", "SCHILY");
  archive_write_set_bytes_per_block(writer_, 0);
  require(archive_write_open(writer_, this, nullptr, write_callback, nullptr));
}

PaxWriter::~PaxWriter() {
  // Not closed means given up: the end marks are not written.
  archive_write_fail(writer_);
  archive_write_free(writer_);
}

la_ssize_t PaxWriter::write_callback(::archive* writer, void* self, const void* data,
                                     std::size_t size) {
  auto& pax = *static_cast<PaxWriter*>(self);
  try {
    pax.sink_.write(data, size);
    return static_cast<la_ssize_t>(size);
  } catch (...) {
    pax.thrown_ = std::current_exception();
    archive_set_error(writer, ARCHIVE_FATAL, "the sink failed");
    return ARCHIVE_FATAL;
  }
}

void PaxWriter::require(la_ssize_t result) {
  if (result >= ARCHIVE_WARN) return;
  if (thrown_) std::rethrow_exception(thrown_);
  const char* reason = archive_error_string(writer_);
  throw Error(ErrorClass::internal, "cannot write the archive: {}",
              reason != nullptr ? reason : "unknown error");
}

void PaxWriter::header(::archive_entry* entry) { require(archive_write_header(writer_, entry)); }

void PaxWriter::data(const void* data, std::size_t size) {
  while (size > 0) {
    const la_ssize_t written = archive_write_data(writer_, data, size);
    require(written);
    if (written == 0) throw Error(ErrorClass::internal, "a file grew while it was archived");
    data = static_cast<const char*>(data) + written;
    size -= static_cast<std::size_t>(written);
  }
}

void PaxWriter::end_entry() { require(archive_write_finish_entry(writer_)); }

void PaxWriter::finish() { require(archive_write_close(writer_)); }

struct TarWriter::State {
  explicit State(ByteSink& sink) : pax(sink) {}
  PaxWriter pax;

  void header(const std::string& name, mode_t mode, std::uint64_t size, const char* target) {
    const EntryPointer entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_mode(entry.get(), mode);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    archive_entry_set_mtime(entry.get(), 0, 0);
    archive_entry_set_uid(entry.get(), 0);
    archive_entry_set_gid(entry.get(), 0);
    if (target != nullptr) archive_entry_set_symlink(entry.get(), target);
    pax.header(entry.get());
  }
};

TarWriter::TarWriter(ByteSink& sink) : state_(std::make_unique<State>(sink)) {}
TarWriter::~TarWriter() = default;

void TarWriter::add_directory(const std::string& name) {
  state_->header(name + "/", S_IFDIR | 0755, 0, nullptr);
}

void TarWriter::add_file(const std::string& name, std::string_view content) {
  MemorySource source(content);
  add_file(name, content.size(), source);
}

void TarWriter::add_file(const std::string& name, std::uint64_t size, ByteSource& content) {
  state_->header(name, S_IFREG | 0644, size, nullptr);
  std::string buffer(128 << 10, '\0');
  std::uint64_t left = size;
  while (const std::size_t got = content.read(buffer.data(), buffer.size())) {
    state_->pax.data(buffer.data(), got);
    left -= got;
  }
  if (left != 0) throw Error(ErrorClass::internal, "'{}' has not the size it should have", name);
  state_->pax.end_entry();
}

void TarWriter::add_symlink(const std::string& name, const std::string& target) {
  state_->header(name, S_IFLNK | 0777, 0, target.c_str());
}

void TarWriter::finish() { state_->pax.finish(); }

}  // namespace coracle::archive
