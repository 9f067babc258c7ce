// SPDX-License-Identifier: Apache-2.0
// Code on a stack of its own, as AddressSanitizer has to be told of it: without, it takes what an
// exception leaves there for an overflow (sanitizer/common_interface_defs.h).
#pragma once

#include <cstddef>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

namespace coracle::linux {

/// Lives as long as the calling function is the outermost one on the stack.
class OwnStack {
 public:
#ifdef __SANITIZE_ADDRESS__
  /// @param bottom  its lowest address
  OwnStack(const void* bottom, std::size_t size) noexcept {
    __sanitizer_start_switch_fiber(nullptr, bottom, size);
    __sanitizer_finish_switch_fiber(nullptr, &bottom_before_, &size_before_);
  }
  ~OwnStack() {
    __sanitizer_start_switch_fiber(nullptr, bottom_before_, size_before_);
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
  }
#else
  OwnStack(const void*, std::size_t) noexcept {}
  ~OwnStack() {}
#endif
  OwnStack(const OwnStack&) = delete;
  OwnStack& operator=(const OwnStack&) = delete;

#ifdef __SANITIZE_ADDRESS__
 private:
  const void* bottom_before_ = nullptr;
  std::size_t size_before_ = 0;
#endif
};

}  // namespace coracle::linux
