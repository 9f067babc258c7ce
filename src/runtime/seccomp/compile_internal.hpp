// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

#include "coracle/oci/seccomp_spec.hpp"

namespace coracle::runtime::seccomp {

/// libseccomp's tokens of the architectures that a specification is for, the native one first.
/// @throws Error invalid_argument for one that does not look like an architecture
std::vector<std::uint32_t> tokens_of(const oci::SeccompSpec& spec);

/// Compiles with libseccomp alone, for these architectures. Its time grows with the square of their
/// number.
std::vector<sock_filter> export_filter(const oci::SeccompSpec& spec,
                                       std::span<const std::uint32_t> tokens);
/// The value a filter returns for an action.
std::uint32_t filter_action(oci::SeccompAction action, std::uint32_t errno_value);
std::uint32_t default_action(const oci::SeccompSpec& spec);
std::uint32_t action_of(const oci::SeccompSyscall& rule);

}  // namespace coracle::runtime::seccomp
