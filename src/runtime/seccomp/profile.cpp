// SPDX-License-Identifier: Apache-2.0
// Resolves a profile: which of its rules hold for a container on a machine.
#include <sys/utsname.h>

#include <algorithm>

#include "runtime/seccomp/architecture_internal.hpp"
#include "runtime/seccomp/profile_internal.hpp"

namespace coracle::runtime {

using seccomp::ProfileFilter;
using seccomp::ProfileRule;

namespace {

bool lists(const std::vector<std::string>& architectures, const std::string& name) {
  return std::ranges::find(architectures, name) != architectures.end();
}

bool at_least(const SeccompConditions& conditions, const seccomp::KernelVersion& version) {
  return seccomp::KernelVersion{conditions.kernel_major, conditions.kernel_minor} >= version;
}

/// A rule is in when all it includes is there: every capability, one of the architectures, the
/// kernel.
bool included(const ProfileFilter& filter, const SeccompConditions& conditions) {
  if (filter.unknown_capability) return false;
  if ((filter.capabilities & ~conditions.capabilities) != 0) return false;
  if (!filter.architectures.empty() && !lists(filter.architectures, conditions.architecture)) {
    return false;
  }
  return !filter.min_kernel || at_least(conditions, *filter.min_kernel);
}

/// A rule is out when anything it excludes is there.
bool excluded(const ProfileFilter& filter, const SeccompConditions& conditions) {
  return (filter.capabilities & conditions.capabilities) != 0 ||
         lists(filter.architectures, conditions.architecture) ||
         (filter.min_kernel && at_least(conditions, *filter.min_kernel));
}

}  // namespace

SeccompProfile::SeccompProfile(std::unique_ptr<Data> data) : data_(std::move(data)) {}
SeccompProfile::~SeccompProfile() = default;
SeccompProfile::SeccompProfile(SeccompProfile&&) noexcept = default;
SeccompProfile& SeccompProfile::operator=(SeccompProfile&&) noexcept = default;

SeccompConditions SeccompConditions::of_this_machine(linux::CapabilitySet capabilities) {
  SeccompConditions conditions;
  conditions.capabilities = capabilities;
  conditions.architecture = seccomp::native_go_architecture();
  struct utsname system {};
  ::uname(&system);
  if (const auto version = seccomp::parse_kernel_version(system.release)) {
    std::tie(conditions.kernel_major, conditions.kernel_minor) = *version;
  }
  return conditions;
}

oci::SeccompSpec SeccompProfile::resolve(const SeccompConditions& conditions) const {
  oci::SeccompSpec spec = data_->common;
  const auto native = seccomp::scmp_name_of(conditions.architecture);
  for (const auto& family : data_->families) {
    if (family.architecture != native) continue;
    spec.architectures.push_back(family.architecture);
    for (const auto& member : family.members) spec.architectures.push_back(member);
    break;
  }
  for (const ProfileRule& rule : data_->rules) {
    if (rule.syscall.names.empty()) continue;
    if (excluded(rule.excludes, conditions) || !included(rule.includes, conditions)) continue;
    spec.syscalls.push_back(rule.syscall);
  }
  return spec;
}

}  // namespace coracle::runtime
