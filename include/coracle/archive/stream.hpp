// SPDX-License-Identifier: Apache-2.0
// Bytes that flow: sources are read, sinks are written, memory stays small whatever passes through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "coracle/base/digest.hpp"
#include "coracle/linux/fd.hpp"

namespace coracle::archive {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads at most `size` bytes; 0 at the end.
  virtual std::size_t read(void* buffer, std::size_t size) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(const void* data, std::size_t size) = 0;
  /// Writes what is buffered; nothing may follow.
  virtual void finish() {}
  void write(std::string_view text) { write(text.data(), text.size()); }
};

/// A file, pipe or socket; the descriptor stays the caller's.
class FdSource final : public ByteSource {
 public:
  explicit FdSource(int fd) noexcept : fd_(fd) {}
  std::size_t read(void* buffer, std::size_t size) override;

 private:
  int fd_;
};

class FdSink final : public ByteSink {
 public:
  /// @param name  for errors
  FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  using ByteSink::write;
  void write(const void* data, std::size_t size) override;

 private:
  int fd_;
  std::string name_;
};

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view text) noexcept : rest_(text) {}
  std::size_t read(void* buffer, std::size_t size) override;

 private:
  std::string_view rest_;
};

/// Hashes and counts what is read through it.
class HashingSource final : public ByteSource {
 public:
  explicit HashingSource(ByteSource& inner, std::string_view algorithm = "sha256")
      : inner_(inner), hasher_(algorithm) {}
  std::size_t read(void* buffer, std::size_t size) override;
  /// Reads on to the end, then tells the digest of everything. Once.
  Digest finish();
  std::uint64_t size() const noexcept { return size_; }

 private:
  ByteSource& inner_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
};

/// Hashes and counts what is written through it.
class HashingSink final : public ByteSink {
 public:
  explicit HashingSink(ByteSink& inner) : inner_(inner) {}
  using ByteSink::write;
  void write(const void* data, std::size_t size) override;
  void finish() override { inner_.finish(); }
  Digest digest() { return hasher_.finish(); }
  std::uint64_t size() const noexcept { return size_; }

 private:
  ByteSink& inner_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
};

/// Copies until the end of the source; returns the number of bytes.
std::uint64_t copy(ByteSource& source, ByteSink& sink);
std::string read_text(ByteSource& source, std::size_t limit);

/// The plain bytes of a stream that may be compressed with gzip, zstd, xz or bzip2, told by its first
/// bytes. Refuses to grow out of proportion: beyond 256 MiB at most 20,000 times what was read.
std::unique_ptr<ByteSource> make_decompressor(ByteSource& compressed);

/// zstd at the given level, into `sink`; finish() ends the frame.
std::unique_ptr<ByteSink> make_zstd_compressor(ByteSink& sink, int level);

}  // namespace coracle::archive
