// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "coracle/linux/fd.hpp"

namespace coracle::monitor {

/// A listening SOCK_SEQPACKET socket at a path, in the place of what was there. Its directory is
/// made. Its end takes it off the path, unless that leads to another one by now.
class Listener {
 public:
  explicit Listener(std::string path);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  int fd() const noexcept { return socket_.get(); }
  /// Nobody finds it any more; those that have connected are still there.
  void withdraw() noexcept;

 private:
  std::string path_;
  linux::Fd socket_;  ///< keeps the inode from being used again
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace coracle::monitor
