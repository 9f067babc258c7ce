// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/process_end.hpp"

#include <fcntl.h>
#include <signal.h>

#include <chrono>
#include <fmt/format.h>
#include <thread>

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

/// @returns whether there was nobody
bool kill_chrooted(const std::string& directory) {
  bool was_empty = true;
  for (const pid_t pid : list_pids()) {
    const ProcessIdentity process = identity_of(pid);
    const std::string root = root_of(pid);
    if (root != directory && !root.starts_with(directory + "/")) continue;
    try {
      was_empty = !send_signal(process, SIGKILL) && was_empty;
    } catch (const SysError&) {
      was_empty = false;  // Somebody else's: it is not ours to kill.
    }
  }
  return was_empty;
}

}  // namespace

bool wait_for_end(const ProcessIdentity& process, int timeout_ms) {
  const Fd pidfd = open_pidfd(process);
  return !pidfd || wait_readable(pidfd.get(), timeout_ms);
}

bool end_chrooted(const std::string& directory) noexcept {
  constexpr std::chrono::seconds k_patience(10);
  constexpr std::chrono::milliseconds k_pause(1);
  try {
    const Fd opened = try_open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY);
    if (!opened) return true;
    const std::string path = read_link(proc_path(opened.get()));
    if (path == "/") return false;  // Where everybody lives.
    const auto end = std::chrono::steady_clock::now() + k_patience;
    while (!kill_chrooted(path)) {
      if (std::chrono::steady_clock::now() >= end) return false;
      std::this_thread::sleep_for(k_pause);
    }
    return true;
  } catch (const std::exception&) {
  }
  return false;
}

}  // namespace coracle::linux
