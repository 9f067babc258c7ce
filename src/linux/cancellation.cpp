// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/cancellation.hpp"

#include <sys/eventfd.h>

#include "coracle/base/error.hpp"

namespace coracle::linux {

Cancellation::Cancellation() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_) throw SysError("cannot make an event descriptor");
}

void Cancellation::cancel() noexcept {
  cancelled_.store(true, std::memory_order_relaxed);
  ::eventfd_write(event_.get(), 1);
}

void Cancellation::check() const {
  if (is_cancelled()) throw Interrupted();
}

}  // namespace coracle::linux
