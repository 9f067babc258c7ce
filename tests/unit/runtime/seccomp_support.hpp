// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <seccomp.h>

#include <array>
#include <initializer_list>
#include <string>

#include "coracle/linux/file.hpp"
#include "coracle/runtime/seccomp.hpp"
#include "runtime/seccomp/architecture_internal.hpp"
#include "unit/runtime/bpf_interpreter.hpp"

namespace coracle::runtime::test {

inline constexpr std::uint32_t k_allow = SECCOMP_RET_ALLOW;
inline constexpr std::uint32_t errno_action(std::uint32_t value) {
  return SECCOMP_RET_ERRNO | value;
}

inline std::string read_data(const std::string& name) {
  return linux::read_file(std::string(CORACLE_TEST_DATA) + "/runtime/" + name);
}

inline linux::CapabilitySet capabilities(std::initializer_list<const char*> names) {
  return linux::capability_set({names.begin(), names.end()});
}

/// What docker gives a container that asks for nothing; podman's default is a part of it.
inline linux::CapabilitySet docker_capabilities() {
  return capabilities({"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD",
                       "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP",
                       "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"});
}

inline linux::CapabilitySet podman_capabilities() {
  return docker_capabilities() & ~capabilities({"CAP_MKNOD", "CAP_NET_RAW", "CAP_AUDIT_WRITE"});
}

inline linux::CapabilitySet every_capability() {
  return ~linux::CapabilitySet{0};
}

inline oci::SeccompSpec resolve_file(const std::string& name, linux::CapabilitySet set) {
  return SeccompProfile::parse(read_data(name), name)
      .resolve(SeccompConditions::of_this_machine(set));
}

/// A call of the native architecture.
inline seccomp_data native_call(int number, std::array<std::uint64_t, 6> args = {}) {
  seccomp_data call{};
  call.nr = number;
  call.arch = seccomp::audit_architecture(::seccomp_arch_native());
  for (std::size_t i = 0; i < args.size(); ++i) call.args[i] = args[i];
  return call;
}

inline std::uint32_t decide(const SeccompProgram& program, const char* name,
                            std::array<std::uint64_t, 6> args = {}) {
  return run_filter(program.filter, native_call(::seccomp_syscall_resolve_name(name), args));
}

}  // namespace coracle::runtime::test
