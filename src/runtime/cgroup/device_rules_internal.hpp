// SPDX-License-Identifier: Apache-2.0
// Which device numbers a container may make, read and write: as a program for cgroup v2, as lines
// for v1's devices.allow and devices.deny.
#pragma once

#include <linux/bpf.h>

#include <optional>
#include <string>
#include <vector>

#include "coracle/oci/runtime_resources.hpp"

namespace coracle::runtime::cgroup {

/// The rules of the specification with those that every container gets after them: any node may be
/// made, and null, zero, full, random, urandom, tty, ptmx and ptys used (as runc and crun do).
/// @throws Error invalid_argument for a type, an access or a number that does not exist
std::vector<oci::DeviceRule> effective_device_rules(const std::vector<oci::DeviceRule>& rules);

/// Whether the rules, taken in order, end up allowing everything, as for privileged containers.
bool allows_every_device(const std::vector<oci::DeviceRule>& rules);

/// A program of type BPF_PROG_TYPE_CGROUP_DEVICE. For each kind of access that is asked for, the
/// last rule that speaks of it decides; what no rule speaks of is denied.
std::vector<bpf_insn> device_program(const std::vector<oci::DeviceRule>& rules);

/// Whether this process is root of less than the machine: who may not limit devices then has those
/// that a container around may use, at most. For anybody else it would be a container without its
/// limits.
bool is_limited_from_outside();
/// Loads the program and attaches it to the group, in place of any before it.
/// @returns false if the kernel does not let us, and is_limited_from_outside()
bool attach_device_program(int group, const std::vector<bpf_insn>& program);
/// Detaches what was attached, if anything.
void remove_device_programs(int group);

/// A line for devices.allow or devices.deny.
struct LegacyDeviceLine {
  bool allow = false;
  std::string text;
};
std::vector<LegacyDeviceLine> legacy_device_lines(const std::vector<oci::DeviceRule>& rules);

}  // namespace coracle::runtime::cgroup
