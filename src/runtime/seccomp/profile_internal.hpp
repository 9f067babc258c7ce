// SPDX-License-Identifier: Apache-2.0
// A profile as it was read, conditions and all.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coracle/runtime/seccomp.hpp"

namespace coracle::runtime {

namespace seccomp {

using KernelVersion = std::pair<int, int>;

/// `includes` or `excludes` of a rule.
struct ProfileFilter {
  linux::CapabilitySet capabilities = 0;
  bool unknown_capability = false;  ///< one that no container can have
  std::vector<std::string> architectures;
  std::optional<KernelVersion> min_kernel;
};

struct ProfileRule {
  oci::SeccompSyscall syscall;
  ProfileFilter includes;
  ProfileFilter excludes;
};

/// Which further architectures the kernel of one can run.
struct ArchitectureFamily {
  std::string architecture;  ///< "SCMP_ARCH_X86_64"
  std::vector<std::string> members;
};

/// "4.8", "5.11.0-rc1": nothing if it does not begin with two numbers.
std::optional<KernelVersion> parse_kernel_version(std::string_view text);

}  // namespace seccomp

struct SeccompProfile::Data {
  oci::SeccompSpec common;  ///< everything but the conditional parts
  std::vector<seccomp::ArchitectureFamily> families;
  std::vector<seccomp::ProfileRule> rules;
};

}  // namespace coracle::runtime
