// SPDX-License-Identifier: Apache-2.0
#include "coracle/archive/stream.hpp"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_buffer = 128 << 10;

}  // namespace

std::size_t FdSource::read(void* buffer, std::size_t size) {
  while (true) {
    const ssize_t got = ::read(fd_, buffer, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw SysError("cannot read the archive");
  }
}

void FdSink::write(const void* data, std::size_t size) {
  linux::write_all(fd_, std::string_view(static_cast<const char*>(data), size), name_);
}

std::size_t MemorySource::read(void* buffer, std::size_t size) {
  const std::size_t count = std::min(size, rest_.size());
  ::memcpy(buffer, rest_.data(), count);
  rest_.remove_prefix(count);
  return count;
}

void MemorySink::write(const void* data, std::size_t size) {
  text_.append(static_cast<const char*>(data), size);
}

std::size_t HashingSource::read(void* buffer, std::size_t size) {
  const std::size_t got = inner_.read(buffer, size);
  hasher_.update(buffer, got);
  size_ += got;
  return got;
}

Digest HashingSource::finish() {
  std::string buffer(k_buffer, '\0');
  while (read(buffer.data(), buffer.size()) != 0) {
  }
  return hasher_.finish();
}

void HashingSink::write(const void* data, std::size_t size) {
  hasher_.update(data, size);
  size_ += size;
  inner_.write(data, size);
}

std::uint64_t copy(ByteSource& source, ByteSink& sink) {
  std::string buffer(k_buffer, '\0');
  std::uint64_t total = 0;
  while (const std::size_t got = source.read(buffer.data(), buffer.size())) {
    sink.write(buffer.data(), got);
    total += got;
  }
  return total;
}

std::string read_text(ByteSource& source, std::size_t limit) {
  std::string text;
  std::array<char, 16384> buffer;
  while (const std::size_t got = source.read(buffer.data(), buffer.size())) {
    text.append(buffer.data(), got);
    if (text.size() > limit) {
      throw Error(ErrorClass::invalid_argument, "a document of more than {} bytes", limit);
    }
  }
  return text;
}

}  // namespace coracle::archive
