// SPDX-License-Identifier: Apache-2.0
// Compression by several threads: the stream is cut into blocks, each of which becomes a gzip
// member or a zstd frame of its own. Every decompressor takes them for one stream (RFC 1952,
// section 2.2; RFC 8878, section 3).
#include <libdeflate.h>
#include <string.h>
#include <zstd.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "coracle/archive/stream.hpp"
#include "coracle/base/error.hpp"

namespace coracle::archive {
namespace {

/// Larger blocks compress hardly better: 0.2 % between this and one single stream.
constexpr std::size_t k_gzip_block = 1U << 20;
constexpr std::size_t k_zstd_block = 2U << 20;
constexpr int k_gzip_level = 6;
constexpr int k_max_threads = 8;

/// Of one thread.
class BlockEncoder {
 public:
  virtual ~BlockEncoder() = default;
  virtual void encode(const std::vector<char>& input, std::vector<char>& output) = 0;
};

class GzipEncoder final : public BlockEncoder {
 public:
  explicit GzipEncoder(int level) : compressor_(::libdeflate_alloc_compressor(level)) {
    if (compressor_ == nullptr) throw std::bad_alloc();
  }
  ~GzipEncoder() override { ::libdeflate_free_compressor(compressor_); }
  GzipEncoder(const GzipEncoder&) = delete;
  GzipEncoder& operator=(const GzipEncoder&) = delete;

  void encode(const std::vector<char>& input, std::vector<char>& output) override {
    output.resize(::libdeflate_gzip_compress_bound(compressor_, input.size()));
    const std::size_t size = ::libdeflate_gzip_compress(compressor_, input.data(), input.size(),
                                                        output.data(), output.size());
    if (size == 0) throw Error(ErrorClass::internal, "gzip: the bound was wrong");
    output.resize(size);
  }

 private:
  libdeflate_compressor* compressor_;
};

class ZstdEncoder final : public BlockEncoder {
 public:
  explicit ZstdEncoder(int level) : context_(::ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ::ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
    ::ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdEncoder() override { ::ZSTD_freeCCtx(context_); }
  ZstdEncoder(const ZstdEncoder&) = delete;
  ZstdEncoder& operator=(const ZstdEncoder&) = delete;

  void encode(const std::vector<char>& input, std::vector<char>& output) override {
    output.resize(::ZSTD_compressBound(input.size()));
    const std::size_t size =
        ::ZSTD_compress2(context_, output.data(), output.size(), input.data(), input.size());
    if (::ZSTD_isError(size) != 0) {
      throw Error(ErrorClass::internal, "zstd: {}", ::ZSTD_getErrorName(size));
    }
    output.resize(size);
  }

 private:
  ZSTD_CCtx* context_;
};

std::unique_ptr<BlockEncoder> make_encoder(oci::Compression kind, int level) {
  if (kind == oci::Compression::gzip) {
    return std::make_unique<GzipEncoder>(level < 0 ? k_gzip_level : level);
  }
  return std::make_unique<ZstdEncoder>(level < 0 ? ZSTD_CLEVEL_DEFAULT : level);
}

/// A ring of blocks. Threads take turns in reading one, compress side by side, and the reader gets
/// the results in order.
class BlockCompressor final : public ByteSource {
 public:
  BlockCompressor(ByteSource& plain, oci::Compression kind, int level)
      : plain_(plain), block_size_(kind == oci::Compression::gzip ? k_gzip_block : k_zstd_block) {
    const auto count =
        std::clamp<int>(static_cast<int>(std::thread::hardware_concurrency()), 1, k_max_threads);
    ring_.resize(static_cast<std::size_t>(count) + 1);
    for (int i = 0; i < count; ++i) encoders_.push_back(make_encoder(kind, level));
    try {
      for (auto& encoder : encoders_) {
        threads_.emplace_back([this, &encoder] {
          while (do_next(*encoder)) {
          }
        });
      }
    } catch (const std::exception&) {
      // A limit on processes: fewer do it. Without any thread the reader does the work.
    }
  }

  ~BlockCompressor() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
  }
  BlockCompressor(const BlockCompressor&) = delete;
  BlockCompressor& operator=(const BlockCompressor&) = delete;

  std::size_t read(void* buffer, std::size_t size) override {
    if (size == 0) return 0;
    while (true) {
      Block& block = ring_[next_out_ % ring_.size()];
      if (threads_.empty() && !block.ready) (void)do_next(*encoders_.front());
      if (used_ == 0) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return block.ready; });
      }
      if (block.failure) std::rethrow_exception(block.failure);
      if (block.end) return 0;
      if (used_ == block.output.size()) {
        release(block);
        continue;
      }
      const std::size_t count = std::min(size, block.output.size() - used_);
      ::memcpy(buffer, block.output.data() + used_, count);
      used_ += count;
      return count;
    }
  }

 private:
  struct Block {
    std::vector<char> input;
    std::vector<char> output;
    bool busy = false;   ///< a thread has it; guarded by mutex_, as is:
    bool ready = false;  ///< the reader may have it
    bool end = false;    ///< there is nothing in it, nor behind it
    std::exception_ptr failure;
  };

  void release(Block& block) {
    used_ = 0;
    ++next_out_;
    {
      const std::lock_guard lock(mutex_);
      block.ready = block.busy = false;
    }
    changed_.notify_all();
  }

  /// @returns false when there is nothing more to do
  bool do_next(BlockEncoder& encoder) noexcept {
    Block* block = nullptr;
    {
      const std::lock_guard turn(turn_);
      if (at_end_) return false;
      block = wait_for_room();
      if (block == nullptr) return false;
      try {
        fill(*block);
      } catch (...) {
        at_end_ = true;
        block->failure = std::current_exception();
        hand_over(*block);
        return false;
      }
      // An empty stream is still a stream.
      if (block->input.empty() && next_in_ > 0) {
        at_end_ = block->end = true;
        hand_over(*block);
        return false;
      }
      ++next_in_;
    }
    try {
      encoder.encode(block->input, block->output);
    } catch (...) {
      block->failure = std::current_exception();
    }
    hand_over(*block);
    return true;
  }

  Block* wait_for_room() {
    Block& block = ring_[next_in_ % ring_.size()];
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !block.busy || stopped_; });
    if (stopped_) return nullptr;
    block.busy = true;
    return &block;
  }

  void fill(Block& block) {
    block.input.resize(block_size_);
    std::size_t filled = 0;
    while (filled < block_size_) {
      const std::size_t got = plain_.read(block.input.data() + filled, block_size_ - filled);
      if (got == 0) break;
      filled += got;
    }
    block.input.resize(filled);
  }

  void hand_over(Block& block) {
    {
      const std::lock_guard lock(mutex_);
      block.ready = true;
    }
    changed_.notify_all();
  }

  ByteSource& plain_;
  std::size_t block_size_;
  std::vector<Block> ring_;
  std::mutex turn_;  ///< of reading from plain_; guards next_in_ and at_end_
  std::size_t next_in_ = 0;
  bool at_end_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  // Of the reading side alone.
  std::size_t next_out_ = 0;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<BlockEncoder>> encoders_;  ///< one for each thread
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<ByteSource> make_compressed(ByteSource& plain, oci::Compression kind, int level) {
  if (kind != oci::Compression::gzip && kind != oci::Compression::zstd) {
    throw Error(ErrorClass::not_implemented, "compressing with '{}' is not supported",
                oci::to_string(kind));
  }
  const int most = kind == oci::Compression::gzip ? 12 : ::ZSTD_maxCLevel();
  if (level > most || level == 0) {
    throw Error(ErrorClass::invalid_argument, "invalid compression level {}: expected 1 to {}",
                level, most);
  }
  return std::make_unique<BlockCompressor>(plain, kind, level);
}

}  // namespace coracle::archive
