// SPDX-License-Identifier: Apache-2.0
#include <archive.h>
#include <archive_entry.h>
#include <zstd.h>

#include <vector>

#include "archive/reader_internal.hpp"
#include "coracle/archive/stream.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

// What a bomb is told by: a few kilobytes that become gigabytes. gzip reaches 1,000 times, zstd 30,000
// on nothing but zeros; real layers stay below 100.
constexpr std::uint64_t k_free_growth = 256U << 20;
constexpr std::uint64_t k_largest_ratio = 20'000;

class Decompressor final : public ByteSource {
 public:
  explicit Decompressor(ByteSource& compressed) : input_(compressed), reader_(archive_read_new()) {
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_filter_zstd(reader_.get());
    archive_read_support_filter_xz(reader_.get());
    archive_read_support_filter_bzip2(reader_.get());
    archive_read_support_format_raw(reader_.get());
    archive_read_support_format_empty(reader_.get());
    input_.open(reader_.get());
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(reader_.get(), &entry);
    if (result == ARCHIVE_EOF) {
      at_end_ = true;
    } else if (result < ARCHIVE_WARN) {
      input_.fail(reader_.get());
    }
  }

  std::size_t read(void* buffer, std::size_t size) override {
    if (at_end_) return 0;
    const la_ssize_t got = archive_read_data(reader_.get(), buffer, size);
    if (got < 0) input_.fail(reader_.get());
    if (got == 0) at_end_ = true;
    produced_ += static_cast<std::uint64_t>(got);
    if (produced_ > k_free_growth && produced_ / k_largest_ratio > input_.consumed()) {
      throw Error(ErrorClass::invalid_argument,
                  "{} compressed bytes grow to more than {}: refused as a decompression bomb",
                  input_.consumed(), produced_);
    }
    return static_cast<std::size_t>(got);
  }

 private:
  ReaderInput input_;
  ArchiveReader reader_;
  std::uint64_t produced_ = 0;
  bool at_end_ = false;
};

class ZstdCompressor final : public ByteSink {
 public:
  ZstdCompressor(ByteSink& sink, int level)
      : sink_(sink), context_(ZSTD_createCCtx()), output_(ZSTD_CStreamOutSize()) {
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  using ByteSink::write;
  void write(const void* data, std::size_t size) override { pump(data, size, ZSTD_e_continue); }
  void finish() override {
    pump(nullptr, 0, ZSTD_e_end);
    sink_.finish();
  }

 private:
  void pump(const void* data, std::size_t size, ZSTD_EndDirective mode) {
    ZSTD_inBuffer input{data, size, 0};
    while (true) {
      ZSTD_outBuffer output{output_.data(), output_.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context_, &output, &input, mode);
      if (ZSTD_isError(left) != 0) {
        throw Error(ErrorClass::internal, "zstd: {}", ZSTD_getErrorName(left));
      }
      sink_.write(output_.data(), output.pos);
      const bool done = mode == ZSTD_e_end ? left == 0 : input.pos == input.size;
      if (done) return;
    }
  }

  ByteSink& sink_;
  ZSTD_CCtx* context_;
  std::vector<char> output_;
};

}  // namespace

std::unique_ptr<ByteSource> make_decompressor(ByteSource& compressed) {
  return std::make_unique<Decompressor>(compressed);
}

std::unique_ptr<ByteSink> make_zstd_compressor(ByteSink& sink, int level) {
  return std::make_unique<ZstdCompressor>(sink, level);
}

}  // namespace coracle::archive
