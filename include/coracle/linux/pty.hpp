// SPDX-License-Identifier: Apache-2.0
// Pseudo-terminals (pty(7)).
#pragma once

#include "coracle/linux/fd.hpp"

namespace coracle::linux {

struct Pty {
  Fd master;
  Fd slave;
};

/// A new terminal that controls nobody yet.
/// @param devpts  an open devpts directory to make it in; -1: that at /dev/pts
Pty open_pty(int devpts = -1);

/// The other end of a master, found without any path, which an image could have put something else
/// at (TIOCGPTPEER). Invalid with errno set when it fails.
Fd try_open_pty_slave(int master) noexcept;

}  // namespace coracle::linux
