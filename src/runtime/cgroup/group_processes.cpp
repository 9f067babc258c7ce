// SPDX-License-Identifier: Apache-2.0
// Freezing, killing and listing the processes of a group.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "runtime/cgroup/control_file_internal.hpp"
#include "runtime/cgroup/directories_internal.hpp"
#include "runtime/cgroup/group_internal.hpp"

namespace coracle::runtime::cgroup {
namespace {

using Clock = std::chrono::steady_clock;

// A process in an uninterruptible sleep holds the others up.
constexpr std::chrono::seconds k_freeze_patience{10};

std::chrono::milliseconds until(Clock::time_point deadline) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
}

/// Waits until cgroup.events reports the state.
bool wait_for_unified(const std::string& directory, bool frozen) {
  const linux::Fd events = linux::try_open_at(AT_FDCWD, directory + "/cgroup.events", O_RDONLY);
  if (!events) return false;
  const auto deadline = Clock::now() + k_freeze_patience;
  while (until(deadline).count() > 0) {
    ::lseek(events.get(), 0, SEEK_SET);
    if ((number_after(linux::read_all(events.get()), "frozen") != 0) == frozen) return true;
    pollfd change{events.get(), POLLPRI, 0};
    ::poll(&change, 1, static_cast<int>(until(deadline).count()));
  }
  return false;
}

/// v1 stays "FREEZING" when a process forks at the wrong moment, until it is told again.
bool wait_for_legacy(const std::string& file, std::string_view wanted) {
  constexpr int k_pause_ms = 1;
  const auto deadline = Clock::now() + k_freeze_patience;
  while (until(deadline).count() > 0) {
    if (read_control(file) == wanted) return true;
    write_control(file, wanted);
    ::poll(nullptr, 0, k_pause_ms);
  }
  return false;
}

void kill_each(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) ::kill(pid, SIGKILL);
}

}  // namespace

void FileGroup::set_frozen(bool frozen) {
  bool done = false;
  if (has_unified()) {
    write_control(unified_directory() + "/cgroup.freeze", frozen ? "1" : "0");
    done = wait_for_unified(unified_directory(), frozen);
  } else if (const auto freezer = legacy_directory("freezer"); !freezer.empty()) {
    const char* wanted = frozen ? "FROZEN" : "THAWED";
    write_control(freezer + "/freezer.state", wanted);
    done = wait_for_legacy(freezer + "/freezer.state", wanted);
  } else {
    throw Error(ErrorClass::unavailable, "there is no cgroup freezer");
  }
  if (!done) {
    throw Error(ErrorClass::unavailable, "control group '{}' does not {} in time", path_,
                frozen ? "freeze" : "thaw");
  }
}

void FileGroup::freeze() {
  try {
    set_frozen(true);
  } catch (const Error&) {
    // Half a container frozen is worse than none: what is to freeze does not even die.
    const auto freezer = legacy_directory("freezer");
    if (has_unified()) {
      try_write_control(unified_directory() + "/cgroup.freeze", "0");
    } else if (!freezer.empty()) {
      try_write_control(freezer + "/freezer.state", "THAWED");
    }
    throw;
  }
}

void FileGroup::thaw() {
  set_frozen(false);
}

bool FileGroup::frozen() const {
  if (has_unified()) {
    const auto events = read_control(unified_directory() + "/cgroup.events");
    return events && number_after(*events, "frozen") != 0;
  }
  const auto freezer = legacy_directory("freezer");
  return !freezer.empty() && read_control(freezer + "/freezer.state") == "FROZEN";
}

std::optional<bool> FileGroup::is_to_freeze() const {
  const auto read = [](const std::string& file, std::string_view thawed) -> std::optional<bool> {
    const auto text = read_control(file);
    if (!text || text->empty()) return std::nullopt;
    return *text != thawed;
  };
  if (has_unified()) return read(unified_directory() + "/cgroup.freeze", "0");
  const auto freezer = legacy_directory("freezer");
  if (freezer.empty()) return std::nullopt;
  return read(freezer + "/freezer.state", "THAWED");
}

void FileGroup::kill() {
  // Linux 5.14: one write, no race, frozen processes included.
  if (has_unified() && try_write_control(unified_directory() + "/cgroup.kill", "1") == 0) return;
  // Frozen processes cannot fork away from under the list; without a freezer list again.
  constexpr int k_rounds = 10;
  for (int round = 0; round < k_rounds; ++round) {
    const auto pids = processes();
    if (pids.empty()) return;
    try {
      freeze();
      kill_each(processes());
      thaw();
      return;
    } catch (const Error&) {
      kill_each(pids);
    }
  }
}

std::vector<pid_t> FileGroup::processes() const {
  std::vector<pid_t> pids;
  const auto top = membership_directory();
  if (top.empty()) return pids;
  for (const auto& directory : group_tree(top)) {
    for (const auto& line : split(read_control(directory + "/cgroup.procs").value_or(""), '\n')) {
      // 0 stands for a process outside the reader's pid namespace.
      const auto pid = parse_int(line);
      if (pid && *pid > 0) pids.push_back(static_cast<pid_t>(*pid));
    }
  }
  return pids;
}

}  // namespace coracle::runtime::cgroup
