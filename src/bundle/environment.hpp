// SPDX-License-Identifier: Apache-2.0
// What a process of a configuration gets on top of what that says, as with runc and crun: engines
// rely on it (containerd leaves $HOME to the runtime).
#pragma once

#include <string>

#include "coracle/oci/runtime_spec.hpp"

namespace coracle::bundle {

/// The passwd(5) that the program will see: the root file system's, or what is mounted on it.
/// @returns "" when there is none that can be read
std::string passwd_of_bundle(const oci::RuntimeSpec& spec, const std::string& bundle,
                             const std::string& rootfs);
/// That of a running container. @param pid  one of its processes
std::string passwd_of_process(pid_t pid);

/// Of each variable the last value stays; $HOME, where it is not given, is that of the user's entry
/// in passwd, "/" without one. Capabilities that are not named it has none, and a umask of 022.
/// @throws Error invalid_argument for a process without a working directory, which config.md wants
void complete_process(oci::Process& process, const std::string& passwd);

}  // namespace coracle::bundle
