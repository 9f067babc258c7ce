// SPDX-License-Identifier: Apache-2.0
// zstd, xz and bzip2, each by its own library. gzip has a file of its own.
#include <bzlib.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>

#include "archive/decoder_internal.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

/// The largest window that a stream may ask us to hold, as zstd's own program has it.
constexpr int k_zstd_window_log = 27;
constexpr std::uint64_t k_xz_memory = 192ULL << 20;

[[noreturn]] void refuse(std::string_view format, std::string_view why) {
  throw Error(ErrorClass::invalid_argument, "damaged {} data: {}", format, why);
}

/// The libraries count in `unsigned`.
unsigned clamp(std::size_t size) {
  return static_cast<unsigned>(std::min<std::size_t>(size, std::numeric_limits<unsigned>::max()));
}

class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder() : context_(::ZSTD_createDCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ::ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, k_zstd_window_log);
  }
  ~ZstdDecoder() override { ::ZSTD_freeDCtx(context_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  Progress decode(std::span<const char> input, std::span<char> output) override {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    if (input.empty() && complete_) return {};
    const std::size_t left = ::ZSTD_decompressStream(context_, &out, &in);
    if (::ZSTD_isError(left) != 0) refuse("zstd", ::ZSTD_getErrorName(left));
    complete_ = left == 0;
    return {in.pos, out.pos};
  }
  bool complete() const noexcept override { return complete_; }

 private:
  ZSTD_DCtx* context_;
  bool complete_ = false;
};

class XzDecoder final : public Decoder {
 public:
  XzDecoder() {
    if (::lzma_stream_decoder(&stream_, k_xz_memory, LZMA_CONCATENATED) != LZMA_OK) {
      throw std::bad_alloc();
    }
  }
  ~XzDecoder() override { ::lzma_end(&stream_); }
  XzDecoder(const XzDecoder&) = delete;
  XzDecoder& operator=(const XzDecoder&) = delete;

  Progress decode(std::span<const char> input, std::span<char> output) override {
    if (ended_) return {};
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = input.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    stream_.avail_out = output.size();
    const lzma_ret result = ::lzma_code(&stream_, input.empty() ? LZMA_FINISH : LZMA_RUN);
    if (result == LZMA_MEM_ERROR) throw std::bad_alloc();
    if (result == LZMA_MEMLIMIT_ERROR) refuse("xz", "its dictionary is too large");
    ended_ = result == LZMA_STREAM_END;
    if (!ended_ && result != LZMA_OK && result != LZMA_BUF_ERROR)
      refuse("xz", "checksum or format error");
    return {input.size() - stream_.avail_in, output.size() - stream_.avail_out};
  }
  bool complete() const noexcept override { return ended_; }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool ended_ = false;
};

class Bzip2Decoder final : public Decoder {
 public:
  Bzip2Decoder() { start(); }
  ~Bzip2Decoder() override { ::BZ2_bzDecompressEnd(&stream_); }
  Bzip2Decoder(const Bzip2Decoder&) = delete;
  Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;

  Progress decode(std::span<const char> input, std::span<char> output) override {
    if (ended_) {
      if (input.empty()) return {};
      ::BZ2_bzDecompressEnd(&stream_);
      start();
    }
    stream_.next_in = const_cast<char*>(input.data());
    stream_.avail_in = clamp(input.size());
    stream_.next_out = output.data();
    stream_.avail_out = clamp(output.size());
    const unsigned in = stream_.avail_in;
    const unsigned out = stream_.avail_out;
    const int result = ::BZ2_bzDecompress(&stream_);
    if (result == BZ_MEM_ERROR) throw std::bad_alloc();
    if (result != BZ_OK && result != BZ_STREAM_END) refuse("bzip2", "checksum or format error");
    ended_ = result == BZ_STREAM_END;
    return {in - stream_.avail_in, out - stream_.avail_out};
  }
  bool complete() const noexcept override { return ended_; }

 private:
  void start() {
    stream_ = {};
    ended_ = false;
    if (::BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw std::bad_alloc();
  }
  bz_stream stream_{};
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Decoder> make_decoder(oci::Compression compression) {
  switch (compression) {
    case oci::Compression::gzip: return make_gzip_decoder();
    case oci::Compression::zstd: return std::make_unique<ZstdDecoder>();
    case oci::Compression::xz: return std::make_unique<XzDecoder>();
    case oci::Compression::bzip2: return std::make_unique<Bzip2Decoder>();
    case oci::Compression::none:
    case oci::Compression::unknown: break;
  }
  throw Error(ErrorClass::internal, "no decoder for compression '{}'", oci::to_string(compression));
}

}  // namespace coracle::archive
