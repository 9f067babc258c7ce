// SPDX-License-Identifier: Apache-2.0
#include "coracle/archive/tar.hpp"

#include "archive/pax_writer_internal.hpp"
#include "archive/tar_reader_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

std::string clean_name(std::string_view text) {
  while (text.starts_with("./") || text.starts_with('/')) {
    text.remove_prefix(text.starts_with('/') ? 1 : 2);
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  return std::string(text);
}

class EntryData final : public ByteSource {
 public:
  explicit EntryData(TarReader& reader) : reader_(reader) {}
  std::size_t read(void* buffer, std::size_t size) override { return reader_.read(buffer, size); }

 private:
  TarReader& reader_;
};

TarEntry describe(const EntryHeader& header) {
  TarEntry entry;
  entry.name = clean_name(header.path);
  entry.size = header.size;
  switch (header.type) {
    case EntryType::file: entry.kind = TarEntry::Kind::file; break;
    case EntryType::directory: entry.kind = TarEntry::Kind::directory; break;
    case EntryType::symlink:
      entry.kind = TarEntry::Kind::symlink;
      entry.link_target = header.link_target;
      break;
    case EntryType::hard_link:
      entry.kind = TarEntry::Kind::symlink;
      entry.link_target = "/" + clean_name(header.link_target);
      break;
    case EntryType::character_device:
    case EntryType::block_device:
    case EntryType::fifo:
    case EntryType::other: break;
  }
  return entry;
}

}  // namespace

void for_each_entry(ByteSource& tar,
                    const std::function<bool(const TarEntry&, ByteSource&)>& visit) {
  const auto plain = make_decompressor(tar);
  TarReader reader(*plain);
  while (const EntryHeader* header = reader.next()) {
    const TarEntry entry = describe(*header);
    if (header->sparse) {
      // A map of a few bytes may claim a file of exabytes, which would be read as zeros.
      throw Error(ErrorClass::invalid_argument,
                  "archive entry '{}' is sparse: not supported in images", entry.name);
    }
    EntryData data(reader);
    if (!visit(entry, data)) return;
  }
}

struct TarWriter::State {
  explicit State(ByteSink& sink) : pax(sink) {}
  PaxWriter pax;

  void begin(EntryType type, const std::string& name, mode_t mode, std::uint64_t size,
             const std::string& target = "") {
    EntryHeader entry;
    entry.type = type;
    entry.path = name;
    entry.mode = mode;
    entry.size = size;
    entry.link_target = target;
    pax.begin(entry);
  }
};

TarWriter::TarWriter(ByteSink& sink) : state_(std::make_unique<State>(sink)) {}
TarWriter::~TarWriter() = default;

void TarWriter::add_directory(const std::string& name) {
  state_->begin(EntryType::directory, name, 0755, 0);
}

void TarWriter::add_file(const std::string& name, std::string_view content) {
  MemorySource source(content);
  add_file(name, content.size(), source);
}

void TarWriter::add_file(const std::string& name, std::uint64_t size, ByteSource& content) {
  state_->begin(EntryType::file, name, 0644, size);
  std::string buffer(128 << 10, '\0');
  std::uint64_t written = 0;
  while (const std::size_t got = content.read(buffer.data(), buffer.size())) {
    written += got;
    if (written > size) break;
    state_->pax.data(buffer.data(), got);
  }
  if (written != size) {
    throw Error(ErrorClass::internal, "'{}' has not the {} bytes it should have", name, size);
  }
}

void TarWriter::add_symlink(const std::string& name, const std::string& target) {
  state_->begin(EntryType::symlink, name, 0777, 0, target);
}

void TarWriter::finish() {
  state_->pax.finish();
}

}  // namespace coracle::archive
