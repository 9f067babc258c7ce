// SPDX-License-Identifier: Apache-2.0
// The lifecycle hooks of a container (runtime-spec config.md, "POSIX-platform Hooks"): programs
// that read the container's state as JSON on their standard input.
#pragma once

#include <string_view>
#include <vector>

#include "coracle/linux/fd.hpp"
#include "coracle/oci/runtime_spec.hpp"
#include "coracle/oci/runtime_state.hpp"

namespace coracle::runtime {

/// An open namespace, and its CLONE_NEW… flag.
struct NamespaceHandle {
  linux::Fd descriptor;
  int flag = 0;
};

/// Runs hooks one after the other.
/// @param stage   for messages: "createRuntime"
/// @param inside  namespaces that they run in, a user namespace first; none: the caller's
/// @throws Error internal when one fails, with what it said; unavailable when its time is over
void run_hooks(std::string_view stage, const std::vector<oci::Hook>& hooks,
               const oci::RuntimeState& state, const std::vector<NamespaceHandle>& inside = {});

/// The same for hooks that come too late to change anything: failures are logged, and the others
/// run nevertheless.
void try_hooks(std::string_view stage, const std::vector<oci::Hook>& hooks,
               const oci::RuntimeState& state) noexcept;

}  // namespace coracle::runtime
