// SPDX-License-Identifier: Apache-2.0
#include "coracle/linux/process_tree.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <optional>
#include <string>
#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/process_stat.hpp"

namespace coracle::linux {
namespace {

constexpr int k_most_rounds = 100;
/// For the killed to go, microseconds.
constexpr useconds_t k_pause_us = 1000;

struct Kin {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
};

std::vector<Kin> read_all_kin() {
  std::vector<Kin> all;
  for (const pid_t pid : list_pids()) {
    const auto stat = ProcessStat::read(pid);
    if (stat && !stat->has_ended()) all.push_back({pid, stat->parent(), stat->session()});
  }
  return all;
}

/// Whoever has a parent in the family joins it.
void add_descendants(const std::vector<Kin>& all, std::set<pid_t>& family) {
  for (bool grows = true; grows;) {
    grows = false;
    for (const Kin& kin : all) {
      if (family.contains(kin.parent)) grows = family.insert(kin.pid).second || grows;
    }
  }
}

/// Those of the session and all their descendants join `family`.
/// @returns who lives of it
std::vector<pid_t> find_family(std::set<pid_t>& family, pid_t leader) {
  const std::vector<Kin> all = read_all_kin();
  for (const Kin& kin : all) {
    if (kin.session == leader) family.insert(kin.pid);
  }
  add_descendants(all, family);
  std::vector<pid_t> living;
  for (const Kin& kin : all) {
    if (family.contains(kin.pid)) living.push_back(kin.pid);
  }
  return living;
}

/// The children of a process as the kernel lists them, by its threads; nothing where it does not.
std::optional<std::vector<pid_t>> children_of(pid_t pid) {
  constexpr std::size_t k_longest = 1U << 20;
  std::vector<pid_t> children;
  const std::string tasks = fmt::format("/proc/{}/task", pid);
  for (const auto& task : list_directory(tasks)) {
    const auto text = read_file_if_exists(fmt::format("{}/{}/children", tasks, task), k_longest);
    if (!text) return std::nullopt;
    for (const auto& word : split(*text, ' ')) {
      if (const auto child = parse_int(word)) children.push_back(static_cast<pid_t>(*child));
    }
  }
  return children;
}

/// Those of this process.
std::vector<pid_t> own_children() {
  if (auto children = children_of(::getpid())) return *std::move(children);
  std::vector<pid_t> children;
  for (const pid_t pid : list_pids()) {
    const auto stat = ProcessStat::read(pid);
    if (stat && stat->parent() == ::getpid()) children.push_back(pid);
  }
  return children;
}

}  // namespace

void adopt_descendants() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    throw SysError("cannot become the parent of processes that lose theirs");
  }
}

void reap_adopted(pid_t but) noexcept {
  try {
    const pid_t session = ::getsid(0);
    for (const pid_t pid : own_children()) {
      if (pid != but && ::getsid(pid) != session) ::waitpid(pid, nullptr, WNOHANG);
    }
  } catch (const std::exception&) {
    // They are reaped later.
  }
}

bool end_descendants() noexcept {
  constexpr int k_rounds = 10'000;  // Some ten seconds: who cannot be killed now is left.
  try {
    for (int round = 0; round < k_rounds; ++round) {
      const auto children = own_children();
      if (children.empty()) return true;
      for (const pid_t pid : children) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, WNOHANG);
      }
      // Their children are ours by the next round.
      if (round > 0) ::usleep(k_pause_us);
    }
  } catch (const std::exception&) {
  }
  return false;
}

void add_descendants(std::set<pid_t>& family) {
  add_descendants(read_all_kin(), family);
}

std::set<pid_t> family_of(pid_t first) {
  std::set<pid_t> family = {first};
  std::vector<pid_t> waiting = {first};
  while (!waiting.empty()) {
    const pid_t pid = waiting.back();
    waiting.pop_back();
    try {
      const auto children = children_of(pid);
      if (!children && pid == first) {
        add_descendants(family);
        return family;
      }
      for (const pid_t child : children.value_or(std::vector<pid_t>())) {
        if (family.insert(child).second) waiting.push_back(child);
      }
    } catch (const Error&) {
      // It has ended.
    }
  }
  return family;
}

void kill_session(pid_t leader) noexcept {
  try {
    std::set<pid_t> family = {leader};
    std::size_t stopped = 0;
    for (int round = 0; round < k_most_rounds; ++round) {
      const std::vector<pid_t> living = find_family(family, leader);
      if (living.empty()) return;
      // Stopped first, until there are no new ones: who dies before its children leaves them to
      // another parent.
      const bool are_new = family.size() > stopped;
      stopped = family.size();
      for (const pid_t pid : living) ::kill(pid, are_new ? SIGSTOP : SIGKILL);
      if (!are_new) ::usleep(k_pause_us);
    }
    // They make others faster than we look.
    for (const pid_t pid : find_family(family, leader)) ::kill(pid, SIGKILL);
    ::kill(leader, SIGKILL);
  } catch (const std::exception&) {
    ::kill(leader, SIGKILL);
  }
}

}  // namespace coracle::linux
