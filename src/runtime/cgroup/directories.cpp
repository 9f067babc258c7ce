// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/directory.hpp"
#include "coracle/linux/fd.hpp"
#include "runtime/cgroup/control_file_internal.hpp"
#include "runtime/cgroup/directories_internal.hpp"

namespace coracle::runtime::cgroup {
namespace {

using Clock = std::chrono::steady_clock;

constexpr mode_t k_mode = 0755;

/// "/a", "/a/b", "/a/b/c" for "/a/b/c".
std::vector<std::string> with_ancestors(const std::string& path) {
  std::vector<std::string> paths;
  for (auto slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    paths.push_back(path.substr(0, slash));
  }
  paths.push_back(path);
  return paths;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

/// mkdir(2): true if it was made, which is noted, false with errno set if not.
bool try_make(const std::string& directory, std::vector<std::string>& made) {
  if (::mkdir(directory.c_str(), k_mode) != 0) return false;
  made.push_back(directory);
  return true;
}

[[noreturn]] void cannot_make(const std::string& directory) {
  throw SysError("cannot create control group '{}'", directory);
}

/// In it or below: a slice, or a group with groups of its own, has none in itself.
bool has_processes(const std::string& directory) {
  if (const auto events = read_control(directory + "/cgroup.events")) {
    return events->find("populated 1") != std::string::npos;
  }
  return std::ranges::any_of(group_tree(directory), [](const std::string& group) {
    return !read_control(group + "/cgroup.procs").value_or("").empty();
  });
}

void check_unused(const std::string& directory) {
  if (!has_processes(directory)) return;
  throw Error(ErrorClass::conflict, "control group '{}' has processes in it already", directory);
}

/// Only the root of all groups has no type.
bool has_processes_of_its_own(const std::string& directory) {
  return read_control(directory + "/cgroup.type") &&
         !read_control(directory + "/cgroup.procs").value_or("").empty();
}

/// Hands down all controllers of one group to its children.
void enable_in(const std::string& directory) {
  // The kernel refuses that beside processes, but for those controllers that also do for threads
  // (cpu, pids): they would make it a group of threads, whose children can have no processes.
  if (has_processes_of_its_own(directory)) return;
  const auto available = read_control(directory + "/cgroup.controllers").value_or("");
  const auto enabled = split(read_control(directory + "/cgroup.subtree_control").value_or(""), ' ');
  std::vector<std::string> wanted;
  for (const auto& name : split(available, ' ')) {
    if (!name.empty() && std::ranges::find(enabled, name) == enabled.end()) {
      wanted.push_back("+" + name);
    }
  }
  const std::string file = directory + "/cgroup.subtree_control";
  if (wanted.empty() || try_write_control(file, join(wanted, " ")) == 0) return;
  // One that cannot be had stops them all.
  for (const auto& one : wanted) try_write_control(file, one);
}

/// v1 does not inherit these two, and takes no process without them. Whoever makes the parent at
/// this moment may not have written them yet; the root of the hierarchy has them always.
void inherit_cpuset(const std::string& directory) {
  const std::string parent = parent_of(directory);
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    if (read_control(directory + file) != "") continue;
    if (read_control(parent + file) == "") inherit_cpuset(parent);
    const auto value = read_control(parent + file);
    if (value && !value->empty()) write_control(directory + file, *value);
  }
}

void pause_for(std::chrono::milliseconds time) {
  ::poll(nullptr, 0, static_cast<int>(time.count()));
}

/// Waits until the kernel reports a change in the group, or a little for v1, which does not.
void wait_for_change(const std::string& directory, std::chrono::milliseconds at_most) {
  constexpr std::chrono::milliseconds k_pause{5};
  const linux::Fd events = linux::try_open_at(AT_FDCWD, directory + "/cgroup.events", O_RDONLY);
  if (!events) {
    pause_for(std::min(k_pause, at_most));
    return;
  }
  // The first read arms the notification; what changed before it is seen in the text.
  if (number_after(linux::read_all(events.get()), "populated") == 0) {
    pause_for(std::chrono::milliseconds(1));
    return;
  }
  pollfd change{events.get(), POLLPRI, 0};
  // A child group can come to life without a change here, so never wait for long.
  constexpr std::chrono::milliseconds k_longest{100};
  ::poll(&change, 1, static_cast<int>(std::min(k_longest, at_most).count()));
}

linux::Fd open_group(int parent, const std::string& name) {
  return linux::try_open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

std::optional<std::string> first_group_in(const linux::Fd& group) {
  linux::Directory entries(group.get());
  while (const auto entry = entries.next()) {
    if (entry->type == DT_DIR) return std::string(entry->name);
  }
  return std::nullopt;
}

/// Removes all groups below, the deepest first. A container may have nested them until their path
/// is longer than the kernel takes, so it goes from one to the next. False with errno set if one of
/// them is not empty.
bool try_remove_below(const std::string& directory) {
  // Somebody may make new ones all the time.
  constexpr int k_most_steps = 1 << 20;
  linux::Fd group = open_group(AT_FDCWD, directory);
  if (!group) return errno == ENOENT;
  std::vector<std::string> names;  // from `directory` down to `group`
  for (int step = 0; step < k_most_steps; ++step) {
    if (auto name = first_group_in(group)) {
      linux::Fd below = open_group(group.get(), *name);
      if (!below && errno == ENOENT) continue;
      if (!below) return false;
      group = std::move(below);
      names.push_back(std::move(*name));
      continue;
    }
    if (names.empty()) return true;
    linux::Fd above = open_group(group.get(), "..");
    if (!above) return false;
    const int removed = ::unlinkat(above.get(), names.back().c_str(), AT_REMOVEDIR);
    if (removed != 0 && errno != ENOENT) return false;
    group = std::move(above);
    names.pop_back();
  }
  errno = EBUSY;
  return false;
}

/// rmdir(2) of the group and all below. False with errno set if one of them is not empty.
bool try_remove_tree(const std::string& directory) {
  const auto remove = [&] { return ::rmdir(directory.c_str()) == 0 || errno == ENOENT; };
  if (remove()) return true;
  if (errno != EBUSY && errno != ENOTEMPTY) return false;
  return try_remove_below(directory) && remove();
}

/// The groups above `path`, with all controllers handed down to it. Somebody else may take one away
/// meanwhile (see k_attempts).
void make_unified_parents(const std::string& root, const std::string& path,
                          std::vector<std::string>& made) {
  bool made_one = false;
  for (const auto& ancestor : with_ancestors(parent_of(path))) {
    const bool made_this = try_make(root + ancestor, made);
    if (!made_this && errno == ENOENT) return;
    if (!made_this && errno != EEXIST) cannot_make(root + ancestor);
    made_one = made_one || made_this;
    // From the group that gets a new child on downwards.
    if (made_one) enable_in(root + parent_of(ancestor));
  }
  enable_in(root + parent_of(path));
}

void make_legacy_parents(const std::string& root, const std::string& path,
                         std::vector<std::string>& made) {
  for (const auto& ancestor : with_ancestors(parent_of(path))) {
    if (try_make(root + ancestor, made) || errno == EEXIST) continue;
    if (errno == ENOENT) return;
    cannot_make(root + ancestor);
  }
}

/// Whoever fails takes the parents away that it has made, even if somebody else has just found
/// them.
constexpr int k_attempts = 100;

/// Makes the group, after `make_parents` if there are none yet. One without processes may be there.
template <typename MakeParents>
void make_group(const std::string& directory, std::vector<std::string>& made,
                const MakeParents& make_parents) {
  for (int attempt = 0; !try_make(directory, made); ++attempt) {
    if (errno == EEXIST) return check_unused(directory);
    if (errno != ENOENT || attempt == k_attempts) cannot_make(directory);
    make_parents();
  }
}

}  // namespace

void make_unified_group(const std::string& root, const std::string& path,
                        std::vector<std::string>& made) {
  make_group(root + path, made, [&] { make_unified_parents(root, path, made); });
}

void enable_controllers(const std::string& root, const std::string& base, const std::string& path) {
  enable_in(root + base);
  for (const auto& ancestor : with_ancestors(parent_of(path))) {
    if (ancestor.size() > base.size()) enable_in(root + ancestor);
  }
}

void make_legacy_group(const std::string& root, const std::string& path, bool cpuset,
                       std::vector<std::string>& made) {
  make_group(root + path, made, [&] { make_legacy_parents(root, path, made); });
  if (cpuset) inherit_cpuset(root + path);
}

void remove_group(const std::string& directory, std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (!try_remove_tree(directory)) {
    if (errno != EBUSY && errno != ENOTEMPTY) {
      throw SysError("cannot remove control group '{}'", directory);
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) {
      throw Error(ErrorClass::conflict, "control group '{}' still has processes in it", directory);
    }
    wait_for_change(directory, left);
  }
}

std::vector<std::string> group_tree(const std::string& directory) {
  std::vector<std::string> groups = {directory};
  for (std::size_t next = 0; next < groups.size(); ++next) {
    const std::string group = groups[next];
    const linux::Fd fd = linux::try_open_at(AT_FDCWD, group, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd) continue;
    linux::Directory entries(fd.get());
    while (const auto entry = entries.next()) {
      if (entry->type == DT_DIR) groups.push_back(fmt::format("{}/{}", group, entry->name));
    }
  }
  return groups;
}

}  // namespace coracle::runtime::cgroup
