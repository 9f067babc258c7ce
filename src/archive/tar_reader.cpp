// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "archive/tar_reader_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_buffer = 1 << 20;
/// Of one extension header, as Go's reader has it, which docker and podman use.
constexpr std::uint64_t k_max_extension = 1 << 20;
/// A file of more parts than that was never packed by anybody.
constexpr std::size_t k_max_extents = 1 << 18;

[[noreturn]] void damaged(std::string_view why) {
  throw Error(ErrorClass::invalid_argument, "damaged archive: {}", why);
}

template <std::size_t Size>
std::int64_t require_number(const char (&field)[Size], std::string_view name) {
  const auto number = parse_field_number(field);
  if (!number) {
    throw Error(ErrorClass::invalid_argument, "damaged archive: a header holds no number as its {}",
                name);
  }
  return *number;
}

std::uint64_t size_of(const UstarHeader& header) {
  const std::int64_t size = require_number(header.size, "size");
  if (size < 0) damaged("a negative size");
  return static_cast<std::uint64_t>(size);
}

bool is_gnu(const UstarHeader& header) noexcept {
  return ::memcmp(header.magic, "ustar ", sizeof header.magic) == 0;
}

EntryType type_of(char flag, const std::string& path) noexcept {
  switch (flag) {
    case '0':
    case '\0':
    case '7':  // Contiguous: a wish about the place on disk.
      // Before there was a flag for directories.
      return path.ends_with('/') ? EntryType::directory : EntryType::file;
    case 'S': return EntryType::file;  // GNU's first sparse format.
    case '1': return EntryType::hard_link;
    case '2': return EntryType::symlink;
    case '3': return EntryType::character_device;
    case '4': return EntryType::block_device;
    case '5':
    case 'D':  // With the names in it, for incremental backups.
      return EntryType::directory;
    case '6': return EntryType::fifo;
    default: return EntryType::other;
  }
}

/// Whether content follows whatever the size says: some writers state that of a link's target.
bool has_content(char flag) noexcept {
  return flag < '1' || flag > '6';
}

std::string name_of(const UstarHeader& header) {
  const std::string name(field_text(header.name));
  // GNU has other things where the prefix would be, star a shorter one.
  if (::memcmp(header.magic, "ustar", sizeof header.magic) != 0) return name;
  const bool star = ::memcmp(header.padding + 8, "tar", 4) == 0;
  constexpr std::size_t k_star_prefix = 131;
  const std::string_view prefix =
      field_text(header.prefix, star ? k_star_prefix : sizeof header.prefix);
  return prefix.empty() ? name : std::string(prefix) + "/" + name;
}

EntryHeader parse_header(const UstarHeader& header) {
  EntryHeader entry;
  entry.path = name_of(header);
  entry.link_target = field_text(header.link_target);
  entry.mode = static_cast<mode_t>(require_number(header.mode, "mode") & 07777);
  entry.uid = require_number(header.uid, "owner");
  entry.gid = require_number(header.gid, "group");
  entry.size = size_of(header);
  entry.mtime.tv_sec = require_number(header.mtime, "time");
  if (header.type == '3' || header.type == '4') {
    const auto major = static_cast<unsigned>(require_number(header.device_major, "device"));
    const auto minor = static_cast<unsigned>(require_number(header.device_minor, "device"));
    entry.device = ::makedev(major, minor);
  }
  return entry;
}

}  // namespace

TarReader::TarReader(ByteSource& source) : source_(source), buffer_(k_buffer) {}

/// Bytes in the buffer, at least one of them unless the source is at its end.
std::size_t TarReader::available() {
  if (used_ == filled_) {
    used_ = 0;
    filled_ = source_.read(buffer_.data(), buffer_.size());
  }
  return filled_ - used_;
}

void TarReader::read_exactly(char* to, std::size_t size) {
  while (size > 0) {
    const std::size_t count = std::min(size, available());
    if (count == 0) damaged("it ends too early");
    ::memcpy(to, buffer_.data() + used_, count);
    used_ += count;
    to += count;
    size -= count;
  }
}

void TarReader::skip(std::uint64_t size) {
  while (size > 0) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, available()));
    if (count == 0) damaged("it ends too early");
    used_ += count;
    size -= count;
  }
}

/// False at the end of the source, which many writers have in the place of the end marks.
bool TarReader::read_block(void* block) {
  if (available() == 0) return false;
  read_exactly(static_cast<char*>(block), k_block);
  return true;
}

std::string TarReader::read_text(std::uint64_t size, std::string_view what) {
  if (size > k_max_extension) {
    throw Error(ErrorClass::invalid_argument, "damaged archive: {} of {} bytes", what, size);
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  read_exactly(text.data(), text.size());
  skip(padding_of(size));
  return text;
}

void TarReader::finish_entry() {
  skip(stored_left_);
  skip(padding_);
  entry_ = EntryHeader();
  stored_left_ = padding_ = position_ = 0;
  extent_ = 0;
  extent_done_ = 0;
}

const EntryHeader* TarReader::next() {
  finish_entry();
  long_name_.clear();
  long_link_.clear();
  records_.clear();
  UstarHeader header;
  while (read_block(&header)) {
    if (is_zero_block(header)) return nullptr;
    if (!checksum_matches(header)) damaged("a header has a wrong checksum, or this is no tar file");
    const std::uint64_t size = size_of(header);
    switch (header.type) {
      case 'L': long_name_ = read_text(size, "a name"); break;
      case 'K': long_link_ = read_text(size, "a link target"); break;
      case 'x':
      case 'X':  // Solaris, before POSIX.
        records_ = parse_pax_records(read_text(size, "an extension header"));
        break;
      case 'g':  // Defaults for all entries that follow. Docker and podman do not heed them either.
      case 'V':  // Label of a volume.
      case 'N':  // Long names as GNU had them before 1992.
      case 'A':  // Solaris ACL.
        skip(size);
        skip(padding_of(size));
        break;
      default: read_entry(header); return &entry_;
    }
  }
  if (!long_name_.empty() || !long_link_.empty() || !records_.empty()) damaged("it ends too early");
  return nullptr;
}

void TarReader::read_entry(const UstarHeader& header) {
  entry_ = parse_header(header);
  // These end at a NUL, which is written with them.
  if (!long_name_.empty()) entry_.path = long_name_.c_str();
  if (!long_link_.empty()) entry_.link_target = long_link_.c_str();
  // The type first: what a record means may depend on it, and the flag of old directories is their
  // name.
  entry_.type = type_of(header.type, entry_.path);
  const std::uint64_t size_in_header = entry_.size;
  const PaxExtras extras = apply_pax_records(records_, entry_);
  if (entry_.type == EntryType::file) entry_.type = type_of(header.type, entry_.path);
  take_content(has_content(header.type) ? extras.size.value_or(size_in_header) : 0);
  if (header.type == 'S' && is_gnu(header)) read_gnu_sparse_map(header);
  if (extras.sparse_map_in_content) read_sparse_map_in_content();
  if (entry_.type != EntryType::file) {
    entry_.size = 0;
  } else if (!entry_.sparse) {
    entry_.size = stored_left_;
    if (stored_left_ > 0) entry_.extents = {{0, static_cast<off_t>(stored_left_)}};
  }
  std::uint64_t in_extents = 0;
  for (const auto& extent : entry_.extents) in_extents += static_cast<std::uint64_t>(extent.size);
  if (in_extents > stored_left_) damaged("a sparse file holds less than its map says");
}

void TarReader::take_content(std::uint64_t size) {
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) - k_block) {
    damaged("an impossible size");
  }
  stored_left_ = size;
  padding_ = padding_of(size);
}

/// The map that begins in the header and goes on in blocks behind it.
void TarReader::read_gnu_sparse_map(const UstarHeader& header) {
  GnuHeader gnu;
  ::memcpy(&gnu, &header, sizeof gnu);
  const std::int64_t real_size = require_number(gnu.real_size, "real size");
  if (real_size < 0) damaged("a negative size");
  entry_.sparse = true;
  entry_.size = static_cast<std::uint64_t>(real_size);
  const auto append = [&](const GnuSparsePart& part) {
    if (part.offset[0] == '\0') return;
    append_extent(entry_.extents, require_number(part.offset, "sparse map"),
                  require_number(part.size, "sparse map"), entry_.size);
  };
  for (const auto& part : gnu.sparse) append(part);
  char more = gnu.is_extended;
  while (more != 0) {
    GnuSparseBlock block;
    if (!read_block(&block) || entry_.extents.size() > k_max_extents)
      damaged("an endless sparse map");
    for (const auto& part : block.sparse) append(part);
    more = block.is_extended;
  }
}

/// Format 1.0: numbers in lines, filled up to a block, before the data.
void TarReader::read_sparse_map_in_content() {
  std::string block;
  std::size_t at = 0;
  const auto next_number = [&] {
    std::string line;
    while (true) {
      if (at == block.size()) {
        if (stored_left_ < k_block) damaged("a sparse map without end");
        block.resize(k_block);
        read_exactly(block.data(), k_block);
        stored_left_ -= k_block;
        at = 0;
      }
      const char c = block[at++];
      if (c == '\n') break;
      line += c;
      if (line.size() > 20) damaged("a malformed sparse map");
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error != std::errc() || end != line.data() + line.size() || number < 0) {
      damaged("a malformed sparse map");
    }
    return number;
  };
  const std::int64_t count = next_number();
  if (count > static_cast<std::int64_t>(k_max_extents)) damaged("a sparse map of too many parts");
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t offset = next_number();
    append_extent(entry_.extents, offset, next_number(), entry_.size);
  }
}

bool TarReader::next_block(Block& block) {
  if (extent_ == entry_.extents.size()) return false;
  const Extent& extent = entry_.extents[extent_];
  const auto wanted = static_cast<std::size_t>(
      std::min<off_t>(extent.size - extent_done_, static_cast<off_t>(k_buffer)));
  block.size = std::min(wanted, available());
  if (block.size == 0) damaged("it ends too early");
  block.data = buffer_.data() + used_;
  block.offset = extent.offset + extent_done_;
  used_ += block.size;
  stored_left_ -= block.size;
  extent_done_ += static_cast<off_t>(block.size);
  if (extent_done_ == extent.size) {
    ++extent_;
    extent_done_ = 0;
  }
  return true;
}

std::size_t TarReader::read(void* buffer, std::size_t size) {
  const bool at_end = extent_ == entry_.extents.size();
  const std::uint64_t data_at =
      at_end ? entry_.size
             : static_cast<std::uint64_t>(entry_.extents[extent_].offset + extent_done_);
  if (position_ < data_at) {
    const auto zeros = static_cast<std::size_t>(std::min<std::uint64_t>(size, data_at - position_));
    ::memset(buffer, 0, zeros);
    position_ += zeros;
    return zeros;
  }
  if (at_end || size == 0) return 0;
  const Extent& extent = entry_.extents[extent_];
  const auto left = static_cast<std::size_t>(extent.size - extent_done_);
  const std::size_t count = std::min({size, left, available()});
  if (count == 0) damaged("it ends too early");
  ::memcpy(buffer, buffer_.data() + used_, count);
  used_ += count;
  stored_left_ -= count;
  position_ += count;
  extent_done_ += static_cast<off_t>(count);
  if (extent_done_ == extent.size) {
    ++extent_;
    extent_done_ = 0;
  }
  return count;
}

}  // namespace coracle::archive
