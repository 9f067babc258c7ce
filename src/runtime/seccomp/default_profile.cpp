// SPDX-License-Identifier: Apache-2.0
#include "coracle/runtime/seccomp.hpp"
#include "runtime/seccomp/default_profile_internal.hpp"

namespace coracle::runtime {

std::string_view default_seccomp_profile() noexcept {
  return seccomp::k_default_profile_text;
}

oci::SeccompSpec default_seccomp_spec(linux::CapabilitySet capabilities) {
  return SeccompProfile::parse(default_seccomp_profile(), "built-in")
      .resolve(SeccompConditions::of_this_machine(capabilities));
}

}  // namespace coracle::runtime
