// SPDX-License-Identifier: Apache-2.0
// Containers where nothing can be mounted (Context::lack_of_namespaces()): their root file system
// is a directory that their programs are chrooted into, and all else they share with the machine,
// which mostly is a container of another engine's. chroot(2) keeps nobody in who has capabilities.
#pragma once

#include <string>
#include <vector>

#include "coracle/engine/context.hpp"
#include "coracle/engine/doctor.hpp"
#include "coracle/engine/request/container_request.hpp"
#include "coracle/runtime/container.hpp"
#include "engine/container/chroot/placed_files.hpp"
#include "engine/spec/spec.hpp"

namespace coracle::engine {

/// Says that it will be a chroot, if it will.
void warn_of_chroot(Context& context);

/// Whether programs can be run so: by who may call chroot(2), as root of a user namespace does.
/// Where there is a lack of namespaces.
bool can_run_in_chroot(const Context& context);

/// What is left open becomes what a chroot has: the host's namespaces.
/// @param lack  of namespaces
/// @throws Error unavailable for what was asked for and needs namespaces or mounts
void fit_to_chroot(const Error& lack, ContainerRequest& request);
/// @throws Error unavailable: something was to be mounted there
[[noreturn]] void refuse_mount(const Error& lack, const std::string& destination);
/// The same for what was found out later: mounts of any kind, and files of secrets.
void require_no_mounts(const Error& lack, const store::ContainerConfig& config);

/// And for a directory of the user's, whose own files the engine's would take the places of. That
/// of a build's step is the store's.
void require_layers(const Error& lack, const store::ContainerConfig& config);

/// Takes out of a specification what needs namespaces or mounts.
/// @returns what of the mounts can be files instead
std::vector<PlacedFile> leave_out_mounts(const SpecFacts& facts, oci::RuntimeSpec& spec);

/// Who has no CAP_SYS_ADMIN gets filters only with no_new_privs (seccomp(2)). The usual filter is
/// left out where one holds already, so that programs can still gain privileges (sudo(8)); one that
/// was asked for, and root emulation, take them that.
void settle_filters(const store::ContainerConfig& config, oci::Process& process,
                    runtime::ProcessOptions& options);

}  // namespace coracle::engine
