// SPDX-License-Identifier: Apache-2.0
// Shares of caches and of memory bandwidth (config-linux.md, "IntelRdt"; the kernel's
// Documentation/arch/x86/resctrl.rst): a group is a directory of the resctrl file system.
#pragma once

#include <sys/types.h>

#include <string>

#include "coracle/oci/runtime_spec.hpp"

namespace coracle::runtime {

/// Where the resctrl file system is mounted.
/// @throws Error unavailable with a hint where it is not
std::string resctrl_mount_point();

/// The group of a container. What this made is removed again at the end of its scope, unless it is
/// kept.
class ResctrlGroup {
 public:
  /// Makes the groups that are missing, and sets what the specification has.
  /// @param mount_point  resctrl_mount_point()
  /// @param container    its id, which names its own group
  /// @throws Error invalid_argument, SysError naming the group
  ResctrlGroup(const std::string& mount_point, const oci::IntelRdt& wanted,
               const std::string& container);
  ~ResctrlGroup();
  ResctrlGroup(const ResctrlGroup&) = delete;
  ResctrlGroup& operator=(const ResctrlGroup&) = delete;

  /// The process, and what it starts from now on.
  void add(pid_t process) const;
  void keep() noexcept { is_kept_ = true; }

 private:
  void set_up(const oci::IntelRdt& wanted, const std::string& container);
  void remove_made() noexcept;

  std::string directory_;
  std::string monitoring_;  ///< directory of its monitoring group; empty: it has none
  bool made_directory_ = false;
  bool made_monitoring_ = false;
  bool is_kept_ = false;
};

/// Another process of a container that has its group.
void join_resctrl_group(const std::string& mount_point, const oci::IntelRdt& wanted,
                        const std::string& container, pid_t process);

/// Changes what the group of a container may use: its closID says which that is, its schemata what
/// is set. What they do not name stays.
void set_resctrl_schemata(const std::string& mount_point, const oci::IntelRdt& wanted,
                          const std::string& container);

/// Removes what a container had for itself: for `delete`. A group that the specification names by
/// closID may have others in it, and stays.
void remove_resctrl_group(const std::string& mount_point, const oci::IntelRdt& wanted,
                          const std::string& container);

}  // namespace coracle::runtime
