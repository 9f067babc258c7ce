// SPDX-License-Identifier: Apache-2.0
// Pure decisions: specification and facts in, plan out. Nothing here touches the system.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "coracle/oci/runtime_spec.hpp"
#include "coracle/runtime/container.hpp"
#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime {

/// What planning must know of the machine.
struct HostFacts {
  bool in_user_namespace = false;     ///< device nodes cannot be made here
  linux::CapabilitySet bounding = 0;  ///< what this process can hand on
  linux::CapabilitySet known = 0;     ///< what the kernel knows
  struct stat own_program {};         ///< the engine's program file
};

/// The namespaces part: CLONE_NEW… flags for those that are made, the specification's entries for
/// those that are joined.
struct NamespacePlan {
  int create = 0;  ///< without that of time, which no clone(2) makes
  bool create_time = false;
  std::vector<oci::Namespace> join;
  bool own_user_namespace = false;
  bool joins_user_namespace = false;  ///< which is the first of `join`
  bool joins_pid_namespace = false;
};
NamespacePlan plan_namespaces(const oci::LinuxConfig& config);
int clone_flag(oci::NamespaceType type) noexcept;

/// One mount of the specification; whether a bind's source is a file is found out later.
MountStep plan_mount(const oci::Mount& mount, std::string_view bundle);
/// "rslave" and so on; 0 for an empty name. Throws Error invalid_argument for an unknown one.
unsigned long parse_propagation(std::string_view name);

/// The specification's devices after those that every container has (config-linux.md, "Default
/// devices"), and the links in /dev.
void plan_devices(const oci::LinuxConfig& config, ChildPlan& plan);

/// The process part, with every name turned into a number.
ProcessPlan plan_process(const oci::Process& process, const ProcessOptions& options,
                         const HostFacts& facts);

/// What holds for all processes of a container, later ones included.
void plan_common_attributes(const oci::LinuxConfig& config, ProcessPlan& plan);

/// "monotonic 86400 0": a line for each clock that is set.
std::string plan_time_offsets(const oci::LinuxConfig& config);

/// Refuses what the parts of a configuration, each right by itself, do not allow together.
/// @throws Error invalid_argument
void check_container(const oci::RuntimeSpec& spec);
/// The same for one without namespaces (CreateRequest::chroot_only).
void check_chroot(const oci::RuntimeSpec& spec);

/// "net.ipv4.ip_forward" as a path below /proc/sys; '/' and '.' are exchanged as sysctl(8) does.
std::string sysctl_path(std::string_view name);

/// Everything together.
ChildPlan plan_container(const CreateRequest& request, const NamespacePlan& namespaces,
                         const HostFacts& facts);

}  // namespace coracle::runtime
