// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <utility>

#include "coracle/base/error.hpp"

namespace coracle::monitor {

/// Memory of a fixed size that takes up pages only where it was written, and gives them back on
/// demand: a monitor whose container is silent costs next to nothing.
class Buffer {
 public:
  /// @param size  bytes
  explicit Buffer(std::size_t size) : size_(size) {
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw SysError("cannot get {} bytes of memory", size);
    data_ = static_cast<char*>(memory);
  }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }

  char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  /// The content becomes zeros.
  void release_pages() noexcept { ::madvise(data_, size_, MADV_DONTNEED); }

 private:
  char* data_ = nullptr;
  std::size_t size_;
};

}  // namespace coracle::monitor
