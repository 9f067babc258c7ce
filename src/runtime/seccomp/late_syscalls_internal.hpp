// SPDX-License-Identifier: Apache-2.0
// System calls that are younger than the libseccomp of distributions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace coracle::runtime::seccomp {

/// The number of a call on the architecture `token` (libseccomp's), for the calls that libseccomp
/// 2.5 may not know; nothing for any other name or where the architecture lacks the call.
std::optional<std::uint32_t> late_syscall_number(std::string_view name,
                                                 std::uint32_t token) noexcept;

}  // namespace coracle::runtime::seccomp
