// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/pty.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "coracle/base/error.hpp"

namespace coracle::linux {

Pty open_pty(int devpts) {
  Pty pty;
  pty.master = devpts < 0 ? open_file("/dev/ptmx", O_RDWR | O_NOCTTY)
                          : open_at(devpts, "ptmx", O_RDWR | O_NOCTTY);
  const int unlock = 0;
  if (::ioctl(pty.master.get(), TIOCSPTLCK, &unlock) != 0) {
    throw SysError("cannot unlock a pseudo-terminal");
  }
  pty.slave = try_open_pty_slave(pty.master.get());
  if (!pty.slave) throw SysError("cannot open the other end of a pseudo-terminal");
  return pty;
}

Fd try_open_pty_slave(int master) noexcept {
  return Fd(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

}  // namespace coracle::linux
