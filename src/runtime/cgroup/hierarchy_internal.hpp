// SPDX-License-Identifier: Apache-2.0
// What is mounted below /sys/fs/cgroup, and which group a process is in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coracle/runtime/cgroup.hpp"

namespace coracle::runtime::cgroup {

inline constexpr const char* k_mount_point = "/sys/fs/cgroup";
inline constexpr const char* k_hybrid_unified = "/sys/fs/cgroup/unified";

/// How a user comes to controllers of their own.
inline constexpr std::string_view k_delegation_hint =
    "have systemd delegate the controllers: as root write '[Service]' and 'Delegate=cpu cpuset io "
    "memory pids' to /etc/systemd/system/user@.service.d/delegate.conf, run 'systemctl "
    "daemon-reload', and log in again";

/// One line of /proc/PID/cgroup.
struct Membership {
  std::vector<std::string> controllers;  ///< empty for v2; {"name=systemd"} for a named one
  std::string path;
};
std::vector<Membership> parse_memberships(std::string_view text);

/// A v1 hierarchy.
struct LegacyHierarchy {
  std::vector<std::string> controllers;
  std::string directory;  ///< where it is mounted
};
/// The v1 hierarchies of these memberships that are mounted and that this process may write to.
std::vector<LegacyHierarchy> writable_hierarchies(const std::vector<Membership>& memberships);

/// The NAME of each mounted v1 hierarchy "name=NAME", which has no controllers: systemd's.
std::vector<std::string> named_hierarchies();

/// Where the v2 hierarchy is mounted; empty if it is not.
std::string unified_directory(CgroupLayout layout);

}  // namespace coracle::runtime::cgroup
