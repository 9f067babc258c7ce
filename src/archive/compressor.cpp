// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include <new>
#include <vector>

#include "coracle/archive/stream.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

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

std::unique_ptr<ByteSink> make_zstd_compressor(int level, ByteSink& sink) {
  return std::make_unique<ZstdCompressor>(sink, level);
}

}  // namespace coracle::archive
