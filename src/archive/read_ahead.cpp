// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "coracle/archive/stream.hpp"

namespace coracle::archive {
namespace {

constexpr std::size_t k_buffers = 4;
constexpr std::size_t k_buffer_size = 1 << 20;

/// A ring of buffers: the thread fills them in turn, read() empties them in turn.
class ReadAhead final : public ByteSource {
 public:
  explicit ReadAhead(ByteSource& inner) : inner_(inner), thread_([this] { fill(); }) {}

  ~ReadAhead() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  std::size_t read(void* buffer, std::size_t size) override {
    if (at_end_ || size == 0) return 0;
    Buffer& current = buffers_[next_to_read_];
    if (used_ == 0) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return current.full; });
      if (current.size == 0) {
        at_end_ = true;
        if (thrown_) std::rethrow_exception(thrown_);
        return 0;
      }
    }
    const std::size_t count = std::min(size, current.size - used_);
    ::memcpy(buffer, current.data.data() + used_, count);
    used_ += count;
    if (used_ == current.size) release(current);
    return count;
  }

 private:
  struct Buffer {
    std::vector<char> data;
    std::size_t size = 0;  ///< 0 in a full buffer: the end, or what thrown_ says
    bool full = false;     ///< whose turn it is; guarded by mutex_
  };

  void release(Buffer& buffer) {
    {
      const std::lock_guard lock(mutex_);
      buffer.full = false;
    }
    changed_.notify_all();
    used_ = 0;
    next_to_read_ = (next_to_read_ + 1) % k_buffers;
  }

  /// Whether there is a free buffer to fill; false when nobody reads any more.
  bool wait_for_room(const Buffer& buffer) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !buffer.full || stopped_; });
    return !stopped_;
  }

  void fill() {
    for (std::size_t turn = 0;; turn = (turn + 1) % k_buffers) {
      Buffer& buffer = buffers_[turn];
      if (!wait_for_room(buffer)) return;
      bool last = false;
      std::size_t size = 0;
      try {
        buffer.data.resize(k_buffer_size);
        while (size < k_buffer_size && !last) {
          const std::size_t got = inner_.read(buffer.data.data() + size, k_buffer_size - size);
          last = got == 0;
          size += got;
        }
      } catch (...) {
        // What was read before counts first.
        thrown_ = std::current_exception();
        last = true;
      }
      hand_over(buffer, size);
      if (last && size > 0) {
        turn = (turn + 1) % k_buffers;
        if (wait_for_room(buffers_[turn])) hand_over(buffers_[turn], 0);
      }
      if (last) return;
    }
  }

  void hand_over(Buffer& buffer, std::size_t size) {
    {
      const std::lock_guard lock(mutex_);
      buffer.size = size;
      buffer.full = true;
    }
    changed_.notify_all();
  }

  ByteSource& inner_;
  std::array<Buffer, k_buffers> buffers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::exception_ptr thrown_;  ///< written before the last buffer is handed over
  // Of the reading side alone.
  std::size_t next_to_read_ = 0;
  std::size_t used_ = 0;
  bool at_end_ = false;
  std::thread thread_;  ///< last: it starts when everything else is there
};

/// Where no thread can be had (a limit on processes) the work is done in turn.
class PassThrough final : public ByteSource {
 public:
  explicit PassThrough(ByteSource& inner) : inner_(inner) {}
  std::size_t read(void* buffer, std::size_t size) override { return inner_.read(buffer, size); }

 private:
  ByteSource& inner_;
};

}  // namespace

std::unique_ptr<ByteSource> make_read_ahead(ByteSource& inner) {
  try {
    return std::make_unique<ReadAhead>(inner);
  } catch (const std::system_error&) {
    return std::make_unique<PassThrough>(inner);
  }
}

}  // namespace coracle::archive
