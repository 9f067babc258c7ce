// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "coracle/linux/fd.hpp"

namespace coracle::monitor {

/// SIGTERM as a readable descriptor. By a handler, not by a mask: helpers that the engine starts
/// from the monitor would inherit a blocked signal, while handlers end with exec.
class Termination {
 public:
  Termination();
  ~Termination();
  Termination(const Termination&) = delete;
  Termination& operator=(const Termination&) = delete;

  int fd() const noexcept { return event_.get(); }
  /// Takes note, so that the descriptor is no longer readable.
  void clear() const noexcept;

 private:
  linux::Fd event_;
};

}  // namespace coracle::monitor
