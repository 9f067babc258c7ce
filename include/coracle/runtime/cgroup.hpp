// SPDX-License-Identifier: Apache-2.0
// Control groups of containers: where this process may make them (v2, v1, or both side by side),
// limits, membership, freezing, killing and counters (cgroups(7), the kernel's cgroup-v2.rst).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/linux/fd.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/oci/runtime_resources.hpp"

namespace coracle::runtime {

/// How the kernel's controllers are mounted.
enum class CgroupLayout {
  none,     ///< nothing at /sys/fs/cgroup
  legacy,   ///< v1 hierarchies only
  hybrid,   ///< v1 hierarchies, and a v2 one at /sys/fs/cgroup/unified
  unified,  ///< v2 at /sys/fs/cgroup
};

enum class CgroupManagerKind { cgroupfs, systemd, disabled };
/// "cgroupfs", "systemd", "disabled".
std::string_view to_string(CgroupManagerKind kind) noexcept;

/// What can be done here, for `info` and for choosing a manager.
struct CgroupSupport {
  CgroupLayout layout = CgroupLayout::none;
  CgroupManagerKind manager = CgroupManagerKind::disabled;
  std::string reason;  ///< why it is disabled
  /// The directory, relative to the hierarchies, below which containers get theirs: "" for root,
  /// the delegated subtree of an ordinary user.
  std::string base;
  bool rootless = false;
  bool is_switched_off = false;  ///< by whoever asked
  std::string warning;           ///< what was asked for and is not to be had; empty: nothing

  /// "v1" or "v2", as `info` shows it.
  std::string_view version() const noexcept;
};

/// Looks at /sys/fs/cgroup. For an ordinary user without a v2 tree that is a single system call.
/// @param wanted  "cgroupfs", "systemd" or "disabled"; empty: cgroupfs, or systemd where an
/// ordinary
///                user has no group of their own, but a manager that gives them one
CgroupSupport detect_cgroups(std::string_view wanted = "");
/// The v1 hierarchies that are mounted, by their controllers: "cpu,cpuacct" (cgroups(7)).
std::vector<std::string> legacy_hierarchies();
/// The controllers that containers can be limited by here, sorted; for `info`.
std::vector<std::string> available_controllers(const CgroupSupport& support);

/// A transient scope of systemd's (systemd.scope(5)), delegated to whoever has made it.
struct CgroupScope {
  std::string unit;         ///< "coracle-….scope"
  std::string slice;        ///< that it is made in
  std::string description;  ///< for `systemctl status`
  bool exists = false;      ///< another process is in it already
  oci::Resources limits;    ///< of all in it together, as far as systemd knows of such
  /// How systemd ends what is in it, at the end of the machine; 0: as it ends others.
  int stop_signal = 0;
  std::chrono::seconds stop_timeout{0};  ///< until they are killed; below 0: never
  bool replaces = true;                  ///< one of that name is ended, instead of being an error
  /// Of the container: "org.systemd.property.NAME" sets a property of the scope.
  std::map<std::string, std::string> annotations = {};
};
/// Moves this process into a scope, and there into a group beside those of containers. Does nothing
/// when it is there already.
/// @returns what can be done from there: `base` is the scope's group
/// @throws Error unavailable when systemd cannot be reached, or refuses
CgroupSupport enter_scope(const CgroupSupport& support, const CgroupScope& scope);
/// A scope for the processes of a container alone. systemd keeps one only as long as a process is
/// in it: this one does until they are there.
class HeldScope {
 public:
  /// One of that name that is left over is ended.
  /// @throws Error unavailable when systemd cannot be reached, or refuses
  HeldScope(CgroupSupport support, const CgroupScope& scope);
  ~HeldScope();
  HeldScope(const HeldScope&) = delete;
  HeldScope& operator=(const HeldScope&) = delete;

  /// What can be done there: `base` is the scope's group.
  const CgroupSupport& support() const noexcept { return support_; }
  /// They are there: from now on the limit of processes holds.
  void let_go() noexcept;

 private:
  void end_holder() noexcept;

  CgroupSupport support_;
  std::string unit_;
  oci::Resources late_;  ///< limits that the holder would count for
  linux::Child holder_;
  std::string aside_;  ///< directory of its group
};
/// Moves this process into a scope that has no groups for others: what ends with the login, or is
/// limited, does not take it along. Not in a service, which has it on purpose: that stays as it is.
/// @throws Error unavailable when systemd cannot be reached, or refuses
void leave_session(const CgroupSupport& support, const CgroupScope& scope);
/// Has systemd know of other limits of a unit.
/// @throws Error unavailable when systemd cannot be reached, or refuses
void change_unit(const CgroupSupport& support, const std::string& unit,
                 const oci::Resources& changes);
/// Has systemd move a process into a group that belongs to a scope. An ordinary user may not do
/// that from a group that is not theirs.
/// @param group  Cgroup::path()
void move_into_unit(const CgroupSupport& support, const std::string& unit, const std::string& group,
                    pid_t process);
/// Makes room for groups in that of this process: it and all others that are there move into one
/// below it.
/// @returns what can be done from there: `base` is that group
/// @throws Error unavailable without v2, and when the group is not ours
CgroupSupport split_own_group(const CgroupSupport& support);

struct CgroupStats {
  struct Cpu {
    std::uint64_t usage_usec = 0;
    std::uint64_t user_usec = 0;
    std::uint64_t system_usec = 0;
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    std::uint64_t throttled_usec = 0;
  };
  struct Memory {
    std::uint64_t usage = 0;          ///< bytes
    std::uint64_t inactive_file = 0;  ///< reclaimable; docker and podman subtract it from usage
    std::optional<std::uint64_t> limit;
    std::optional<std::uint64_t> peak;
    std::optional<std::uint64_t> swap;
    std::uint64_t oom_kills = 0;
  };
  struct Pids {
    std::uint64_t current = 0;
    std::optional<std::uint64_t> limit;
  };
  struct BlockDevice {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    std::uint64_t read_bytes = 0;
    std::uint64_t write_bytes = 0;
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;
  };
  // Without its controller a part is absent.
  std::optional<Cpu> cpu;
  std::optional<Memory> memory;
  std::optional<Pids> pids;
  std::vector<BlockDevice> io;
};

enum class ImpossibleLimits { fail, are_passed_over };

/// The control group of one container, in every hierarchy it has one. What it takes to find it
/// again is its path: keep that in the state file.
class Cgroup {
 public:
  virtual ~Cgroup() = default;

  /// Relative to the hierarchies: "/coracle/<id>". Empty for a container without any.
  virtual const std::string& path() const noexcept = 0;
  /// A directory descriptor for CLONE_INTO_CGROUP and openat, or -1 without a v2 hierarchy.
  virtual int unified_fd() const noexcept = 0;
  /// Moves a process in. With `cloned_into_unified` it was born in unified_fd() and only the v1
  /// hierarchies are left to join.
  virtual void join(pid_t pid, bool cloned_into_unified) = 0;
  /// Opens what join() writes to, for a caller that becomes somebody else before it joins: the
  /// kernel asks who has opened the file (since Linux 5.17, and in its stable versions).
  virtual void prepare_join() = 0;
  /// Sets limits.
  /// @param impossible  what becomes of those whose controller is not there
  /// @throws Error unavailable naming the controllers that are not there
  virtual void apply(const oci::Resources& resources,
                     ImpossibleLimits impossible = ImpossibleLimits::fail) = 0;
  virtual void freeze() = 0;
  virtual void thaw() = 0;
  virtual bool frozen() const = 0;
  /// Whether it was told to freeze, however far that has got; nothing when that cannot be read.
  virtual std::optional<bool> is_to_freeze() const = 0;
  /// Sends SIGKILL to every process in it and below, and lets frozen ones die.
  virtual void kill() = 0;
  /// In it and below, in the caller's pid namespace.
  virtual std::vector<pid_t> processes() const = 0;
  /// The files that this reads stay open, so that the next time is cheaper.
  virtual CgroupStats stats() const = 0;
  /// An inotify(7) descriptor that tells of what its memory has come to. Invalid where there is
  /// none to be had.
  virtual linux::Fd watch_memory() const = 0;
  /// How often the kernel has killed a process of it because memory ran out.
  virtual std::uint64_t oom_kills() const = 0;
  /// Removes the directories, nested ones too, as soon as the processes are gone.
  /// @throws Error conflict if some are left after `patience`
  virtual void remove(std::chrono::milliseconds patience = std::chrono::seconds(5)) = 0;
};

/// Makes and finds control groups.
class CgroupManager {
 public:
  virtual ~CgroupManager() = default;
  virtual CgroupManagerKind kind() const noexcept = 0;
  /// Makes the directories of a container and sets its limits, before there is a process in it. An
  /// existing directory that is empty is taken over. When that fails nothing is left.
  /// @param path  linux.cgroupsPath: absolute (below the hierarchies), relative (below the base),
  ///              "slice:prefix:name" as systemd's drivers write it, or empty: "coracle/<id>"
  /// @throws Error conflict for a group that has processes already, or that is frozen
  virtual std::unique_ptr<Cgroup> create(const std::string& path, const std::string& container_id,
                                         const oci::Resources& resources) = 0;
  /// The control group of a container that runs or ran, by Cgroup::path(). One that is gone
  /// already has no processes and can be removed again.
  virtual std::unique_ptr<Cgroup> open(const std::string& path) = 0;
};

/// The manager for what detect_cgroups() found. Where nothing can be written it is one that does
/// nothing, and where there are control groups v2 refuses limits.
std::unique_ptr<CgroupManager> make_cgroup_manager(const CgroupSupport& support);

/// Removes groups without processes that killed invocations have left where containers get theirs.
/// @param older_than  those that are younger are let be: somebody may be about to use them
/// @param is_needed   by the name of the directory
void collect_empty_groups(const CgroupSupport& support, std::chrono::seconds older_than,
                          const std::function<bool(const std::string& name)>& is_needed);

/// The group of a process where that is the given one or below it; else the given one. Beside v1
/// always that.
/// @param group  Cgroup::path()
std::string group_below(const std::string& group, pid_t process);
/// A group that a manager has made before, by its path().
std::unique_ptr<Cgroup> open_cgroup(const std::string& path);

}  // namespace coracle::runtime
