// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "coracle/oci/seccomp_spec.hpp"

namespace coracle::runtime::seccomp {

/// A filter as libseccomp writes it.
struct ExportedFilter {
  std::vector<sock_filter> program;
  std::vector<std::uint32_t> tokens;  ///< libseccomp's, the native architecture first
};

/// Compiles with libseccomp alone.
ExportedFilter export_filter(const oci::SeccompSpec& spec);
/// The value a filter returns for an action.
std::uint32_t filter_action(oci::SeccompAction action, std::uint32_t errno_value);
std::uint32_t default_action(const oci::SeccompSpec& spec);
std::uint32_t action_of(const oci::SeccompSyscall& rule);

}  // namespace coracle::runtime::seccomp
