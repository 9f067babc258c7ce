// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/process_end.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/linux/fd.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process_stat.hpp"
#include "coracle/linux/resolve.hpp"

namespace coracle::linux {
namespace {

std::string root_of(pid_t pid) {
  try {
    return read_link(fmt::format("/proc/{}/root", pid));
  } catch (const Error&) {
    return "";  // It has ended, or is not for us to see.
  }
}

/// @returns how many there were
int kill_chrooted(const std::string& directory) {
  int count = 0;
  for (const pid_t pid : list_pids()) {
    const ProcessIdentity process = identity_of(pid);
    const std::string root = root_of(pid);
    if (root != directory && !root.starts_with(directory + "/")) continue;
    if (send_signal(process, SIGKILL)) ++count;
  }
  return count;
}

}  // namespace

bool wait_for_end(const ProcessIdentity& process, int timeout_ms) {
  const Fd pidfd = open_pidfd(process);
  return !pidfd || wait_readable(pidfd.get(), timeout_ms);
}

bool end_chrooted(const std::string& directory) noexcept {
  constexpr int k_rounds = 10'000;  // Some ten seconds: who cannot be killed now is left.
  constexpr useconds_t k_pause_us = 1000;
  try {
    const Fd opened = try_open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY);
    if (!opened) return true;
    const std::string path = read_link(proc_path(opened.get()));
    if (path == "/") return false;  // Where everybody lives.
    for (int round = 0; round < k_rounds; ++round) {
      if (kill_chrooted(path) == 0) return true;
      ::usleep(k_pause_us);
    }
  } catch (const std::exception&) {
  }
  return false;
}

}  // namespace coracle::linux
