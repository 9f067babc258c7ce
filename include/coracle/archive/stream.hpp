// SPDX-License-Identifier: Apache-2.0
// Bytes that flow: sources are read, sinks are written, memory stays small whatever passes through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "coracle/base/digest.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/oci/media_types.hpp"

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

/// Text that somebody else holds.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view text) noexcept : rest_(text) {}
  std::size_t read(void* buffer, std::size_t size) override;

 private:
  std::string_view rest_;
};

class MemorySink final : public ByteSink {
 public:
  using ByteSink::write;
  void write(const void* data, std::size_t size) override;
  const std::string& text() const noexcept { return text_; }
  std::string take() noexcept { return std::move(text_); }

 private:
  std::string text_;
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
  /// Once, after the last write.
  Digest digest() { return hasher_.finish(); }
  std::uint64_t size() const noexcept { return size_; }

 private:
  ByteSink& inner_;
  Hasher hasher_;
  std::uint64_t size_ = 0;
};

/// Copies until the end of the source; returns the number of bytes.
std::uint64_t copy(ByteSource& source, ByteSink& sink);
/// @throws Error invalid_argument when the source holds more than `limit` bytes
std::string read_text(ByteSource& source, std::size_t limit);

/// How far a compressed stream may grow: the guard against decompression bombs. Zeros compress
/// 1,030 times with gzip, 6,700 with xz, 32,000 with zstd and 1,400,000 with bzip2, real layers
/// some 2 to 20 times. So gzip is never refused, a file of zeros passes in any format up to `free`,
/// and ten gigabytes out of ten kilobytes do not.
struct GrowthLimits {
  std::uint64_t free = 2ULL << 30;   ///< bytes that any input may become
  std::uint64_t ratio = 2000;        ///< beyond that: at most so many bytes out for each one in
  std::uint64_t total = 1ULL << 40;  ///< bytes, whatever the ratio; also holds for plain streams
};

/// The compression that the first bytes of a stream show. Six are enough; `none` for any others.
oci::Compression detect_compression(std::string_view head) noexcept;
inline constexpr std::size_t k_compression_head = 6;

/// The plain bytes of a stream that may be compressed with gzip, zstd, xz or bzip2, told by its
/// first bytes. Checksums are verified; several members or frames one after the other count as one
/// stream. read() throws Error invalid_argument for damaged or truncated data and beyond `limits`.
/// Holds less than 1 MiB, and the window that the stream was compressed with (usually 8 MiB at
/// most; beyond 128 MiB it is refused).
std::unique_ptr<ByteSource> make_decompressor(ByteSource& compressed,
                                              const GrowthLimits& limits = {});

/// Reads `inner` ahead in a thread of its own, 4 MiB at most, so that it works while the caller
/// does: decompression beside unpacking. What `inner` throws is thrown by read(). The thread ends
/// with the object, once a read() of `inner` that it is in has returned.
std::unique_ptr<ByteSource> make_read_ahead(ByteSource& inner);

/// Compresses into `sink`; finish() ends the stream and finishes the sink. The same input gives the
/// same bytes at any time.
/// @param level  -1: the default, 3
std::unique_ptr<ByteSink> make_zstd_compressor(int level, ByteSink& sink);

/// The compressed form of a stream, made by as many threads as there are processors while it is
/// read, at most eight: some 5 MiB for each. The same input gives the same bytes on any machine.
/// @param kind   gzip (by libdeflate) or zstd
/// @param level  -1: the default (gzip 6, zstd 3)
/// @throws Error not_implemented for other kinds, invalid_argument for a level that there is not
std::unique_ptr<ByteSource> make_compressed(ByteSource& plain, oci::Compression kind, int level);

}  // namespace coracle::archive
