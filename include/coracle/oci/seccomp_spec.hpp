// SPDX-License-Identifier: Apache-2.0
// The resolved form of a seccomp filter as the OCI runtime specification carries it
// (config-linux.md, "Seccomp"). Profiles with conditions, as docker and podman ship them, are
// resolved into this form elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coracle::oci {

/// What the filter does with a system call. SCMP_ACT_KILL is read as kill_thread, its synonym.
enum class SeccompAction {
  kill_process,
  kill_thread,
  trap,
  errno_value,
  trace,
  allow,
  log,
  notify
};

/// How an argument is compared: SCMP_CMP_NE and so on.
enum class SeccompOperator {
  not_equal,
  less,
  less_or_equal,
  equal,
  greater_or_equal,
  greater,
  masked_equal,  ///< (argument & value) == value_two
};

struct SeccompArg {
  std::uint32_t index = 0;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
  SeccompOperator op = SeccompOperator::equal;
  bool operator==(const SeccompArg&) const = default;
};

/// One rule. All `args` must match for the action to be taken.
struct SeccompSyscall {
  std::vector<std::string> names;
  SeccompAction action = SeccompAction::allow;
  std::optional<std::uint32_t>
      errno_ret;  ///< for errno_value and trace; the kernel's default EPERM
  std::vector<SeccompArg> args;
  bool operator==(const SeccompSyscall&) const = default;
};

struct SeccompSpec {
  SeccompAction default_action = SeccompAction::errno_value;
  std::optional<std::uint32_t> default_errno_ret;
  std::vector<std::string> flags;  ///< "SECCOMP_FILTER_FLAG_LOG", …
  std::string listener_path;       ///< unix socket that gets the notify descriptor
  std::string listener_metadata;
  std::vector<std::string> architectures;  ///< "SCMP_ARCH_X86_64", …; empty: the native one
  std::vector<SeccompSyscall> syscalls;
  bool operator==(const SeccompSpec&) const = default;
};

/// "SCMP_ACT_ALLOW" and the like; nothing for an unknown name.
std::optional<SeccompAction> parse_seccomp_action(std::string_view name) noexcept;
std::string_view to_string(SeccompAction action) noexcept;
/// "SCMP_CMP_EQ" and the like; nothing for an unknown name.
std::optional<SeccompOperator> parse_seccomp_operator(std::string_view name) noexcept;
std::string_view to_string(SeccompOperator op) noexcept;

/// The text of a `linux.seccomp` object alone.
/// @param origin  what the text is, for messages: a path
/// @throws Error invalid_argument naming origin and field
SeccompSpec parse_seccomp_spec(std::string_view text, std::string_view origin);
/// Compact JSON; the same specification always gives the same bytes, so it can key a cache.
std::string serialize(const SeccompSpec& spec);

}  // namespace coracle::oci
