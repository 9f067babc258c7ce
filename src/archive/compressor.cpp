// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>
#include <zstd.h>

#include <limits>
#include <new>
#include <vector>

#include "coracle/archive/stream.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_output_buffer = 128 << 10;

class PlainSink final : public ByteSink {
 public:
  explicit PlainSink(ByteSink& sink) : sink_(sink) {}
  using ByteSink::write;
  void write(const void* data, std::size_t size) override { sink_.write(data, size); }
  void finish() override { sink_.finish(); }

 private:
  ByteSink& sink_;
};

class GzipCompressor final : public ByteSink {
 public:
  GzipCompressor(ByteSink& sink, int level) : sink_(sink), output_(k_output_buffer) {
    const int result = ::deflateInit2(&stream_, level < 0 ? k_default_level : level, Z_DEFLATED,
                                      k_window_and_gzip_header, k_memory_level, Z_DEFAULT_STRATEGY);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result != Z_OK) throw Error(ErrorClass::invalid_argument, "invalid gzip level '{}'", level);
    header_.os = k_os_unknown;
    ::deflateSetHeader(&stream_, &header_);
  }
  ~GzipCompressor() override { ::deflateEnd(&stream_); }
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;

  using ByteSink::write;
  void write(const void* data, std::size_t size) override {
    const char* next = static_cast<const char*>(data);
    while (size > 0) {
      const auto count = std::min<std::size_t>(size, std::numeric_limits<unsigned>::max());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(next));
      stream_.avail_in = static_cast<unsigned>(count);
      while (stream_.avail_in > 0) pump(Z_NO_FLUSH);
      next += count;
      size -= count;
    }
  }
  void finish() override {
    while (pump(Z_FINISH) != Z_STREAM_END) {
    }
    sink_.finish();
  }

 private:
  static constexpr int k_default_level = 6;
  static constexpr int k_window_and_gzip_header = 15 + 16;
  static constexpr int k_memory_level = 8;
  static constexpr int k_os_unknown = 255;  // RFC 1952; what Go's writer says too.

  int pump(int flush) {
    stream_.next_out = reinterpret_cast<Bytef*>(output_.data());
    stream_.avail_out = static_cast<unsigned>(output_.size());
    const int result = ::deflate(&stream_, flush);
    if (result == Z_STREAM_ERROR) throw Error(ErrorClass::internal, "gzip: inconsistent state");
    sink_.write(output_.data(), output_.size() - stream_.avail_out);
    return result;
  }

  ByteSink& sink_;
  std::vector<char> output_;
  z_stream stream_{};
  gz_header header_{};
};

class ZstdCompressor final : public ByteSink {
 public:
  ZstdCompressor(ByteSink& sink, int level)
      : sink_(sink), context_(::ZSTD_createCCtx()), output_(::ZSTD_CStreamOutSize()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ::ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel,
                             level < 0 ? ZSTD_CLEVEL_DEFAULT : level);
    ::ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdCompressor() override { ::ZSTD_freeCCtx(context_); }
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
      const std::size_t left = ::ZSTD_compressStream2(context_, &output, &input, mode);
      if (::ZSTD_isError(left) != 0) {
        throw Error(ErrorClass::internal, "zstd: {}", ::ZSTD_getErrorName(left));
      }
      if (output.pos > 0) sink_.write(output_.data(), output.pos);
      const bool done = mode == ZSTD_e_end ? left == 0 : input.pos == input.size;
      if (done) return;
    }
  }

  ByteSink& sink_;
  ZSTD_CCtx* context_;
  std::vector<char> output_;
};

}  // namespace

std::unique_ptr<ByteSink> make_compressor(oci::Compression kind, int level, ByteSink& sink) {
  switch (kind) {
    case oci::Compression::none: return std::make_unique<PlainSink>(sink);
    case oci::Compression::gzip: return std::make_unique<GzipCompressor>(sink, level);
    case oci::Compression::zstd: return std::make_unique<ZstdCompressor>(sink, level);
    case oci::Compression::xz:
    case oci::Compression::bzip2:
    case oci::Compression::unknown: break;
  }
  throw Error(ErrorClass::not_implemented, "compressing with '{}' is not supported",
              oci::to_string(kind));
}

}  // namespace coracle::archive
