// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>

#include "archive/sparse_file_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

/// The least run of zeros worth a hole: smaller ones would tear a file into pieces.
constexpr std::size_t k_hole = 32 << 10;

bool is_zero(const char* data, std::size_t size) noexcept {
  return data[0] == 0 && ::memcmp(data, data + 1, size - 1) == 0;
}

}  // namespace

void HoleWriter::write_all(const char* data, std::size_t size, off_t offset) {
  while (size > 0) {
    const ssize_t written = ::pwrite(file_, data, size, offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SysError("cannot write the file");
    data += written;
    offset += written;
    size -= static_cast<std::size_t>(written);
    end_ = std::max(end_, offset);
  }
}

void HoleWriter::write(const char* data, std::size_t size, off_t offset) {
  std::size_t start = 0;  // of what must be written
  for (std::size_t at = 0; at < size;) {
    const std::size_t into = (static_cast<std::size_t>(offset) + at) % k_hole;
    const std::size_t next = std::min(size, at + (k_hole - into));
    if (next - at == k_hole && is_zero(data + at, k_hole)) {
      write_all(data + start, at - start, offset + static_cast<off_t>(start));
      start = next;
    }
    at = next;
  }
  write_all(data + start, size - start, offset + static_cast<off_t>(start));
}

void HoleWriter::finish(off_t size) {
  if (size > end_ && ::ftruncate(file_, size) != 0)
    throw SysError("cannot extend the file to {} bytes", size);
}

std::vector<Extent> data_extents(int file, off_t size, std::size_t limit) {
  std::vector<Extent> extents;
  off_t at = 0;
  while (at < size && extents.size() < limit) {
    const off_t data = ::lseek(file, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) return extents;  // Nothing but a hole up to the end.
    if (data < 0) return {{0, size}};
    if (data >= size) return extents;
    const off_t hole = ::lseek(file, data, SEEK_HOLE);
    const off_t end = hole < 0 ? size : std::min(hole, size);
    extents.push_back({data, end - data});
    at = end;
  }
  if (at < size && !extents.empty()) extents.back().size = size - extents.back().offset;
  return extents;
}

}  // namespace coracle::archive
