// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "archive/decoder_internal.hpp"
#include "coracle/archive/stream.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_input_buffer = 128 << 10;

class Decompressor final : public ByteSource {
 public:
  Decompressor(ByteSource& compressed, const GrowthLimits& limits)
      : source_(compressed), limits_(limits), buffer_(k_input_buffer) {
    // A pipe may give the first bytes one by one.
    while (filled_ < k_compression_head && !source_ended_) fill();
    compression_ = detect_compression({buffer_.data(), filled_});
    if (compression_ != oci::Compression::none) decoder_ = make_decoder(compression_);
  }

  std::size_t read(void* buffer, std::size_t size) override {
    const std::size_t got = decoder_ ? read_decoded(buffer, size) : read_plain(buffer, size);
    produced_ += got;
    check_growth();
    return got;
  }

 private:
  void fill() {
    const std::size_t got = source_.read(buffer_.data() + filled_, buffer_.size() - filled_);
    source_ended_ = got == 0;
    filled_ += got;
    consumed_ += got;
  }

  std::size_t read_plain(void* buffer, std::size_t size) {
    if (used_ == filled_) {
      const std::size_t got = source_ended_ ? 0 : source_.read(buffer, size);
      consumed_ += got;
      return got;
    }
    const std::size_t count = std::min(size, filled_ - used_);
    ::memcpy(buffer, buffer_.data() + used_, count);
    used_ += count;
    return count;
  }

  std::size_t read_decoded(void* buffer, std::size_t size) {
    if (size == 0) return 0;
    while (true) {
      if (used_ == filled_ && !source_ended_) {
        used_ = filled_ = 0;
        fill();
      }
      const auto [consumed, produced] = decoder_->decode({buffer_.data() + used_, filled_ - used_},
                                                         {static_cast<char*>(buffer), size});
      used_ += consumed;
      if (produced > 0) return produced;
      if (consumed > 0) continue;
      if (used_ < filled_) damaged("there is something behind its end");
      if (!source_ended_) continue;
      if (!decoder_->complete()) damaged("it ends too early");
      return 0;
    }
  }

  [[noreturn]] void damaged(std::string_view why) const {
    throw Error(ErrorClass::invalid_argument, "damaged {} data: {}", oci::to_string(compression_),
                why);
  }

  void check_growth() const {
    if (produced_ > limits_.total) {
      throw Error(ErrorClass::invalid_argument, "the archive holds more than {} bytes: refused",
                  limits_.total);
    }
    if (!decoder_ || produced_ <= limits_.free || produced_ / limits_.ratio <= consumed_) return;
    throw Error(ErrorClass::invalid_argument,
                "{} bytes of {} data grow to more than {} bytes: refused as a decompression bomb",
                consumed_, oci::to_string(compression_), produced_);
  }

  ByteSource& source_;
  GrowthLimits limits_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
  bool source_ended_ = false;
  std::uint64_t consumed_ = 0;
  std::uint64_t produced_ = 0;
  oci::Compression compression_ = oci::Compression::none;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace

oci::Compression detect_compression(std::string_view head) noexcept {
  using namespace std::string_view_literals;
  if (head.starts_with("\x1f\x8b\x08"sv)) return oci::Compression::gzip;
  if (head.starts_with("\x28\xb5\x2f\xfd"sv)) return oci::Compression::zstd;
  // A skippable frame (RFC 8878 section 3.1.2): pzstd and zstd:chunked put tables into some.
  if (head.size() >= 4 && (head[0] & 0xf0) == 0x50 && head.substr(1, 3) == "\x2a\x4d\x18"sv) {
    return oci::Compression::zstd;
  }
  if (head.starts_with("\xfd"
                       "7zXZ\0"sv))
    return oci::Compression::xz;
  if (head.starts_with("BZh"sv) && head.size() >= 4 && head[3] >= '1' && head[3] <= '9') {
    return oci::Compression::bzip2;
  }
  return oci::Compression::none;
}

std::unique_ptr<ByteSource> make_decompressor(ByteSource& compressed, const GrowthLimits& limits) {
  return std::make_unique<Decompressor>(compressed, limits);
}

}  // namespace coracle::archive
