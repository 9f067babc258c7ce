// SPDX-License-Identifier: Apache-2.0
// Names of architectures in three tongues: the OCI specification's ("SCMP_ARCH_X86_64"), Go's
// ("amd64", in profiles) and libseccomp's tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coracle::runtime::seccomp {

/// Go's name of the architecture this binary is built for.
std::string_view native_go_architecture() noexcept;
/// The specification's name for Go's: "SCMP_ARCH_AARCH64" for "arm64"; empty for an unknown one.
std::string_view scmp_name_of(std::string_view go_architecture) noexcept;
/// libseccomp's token, or nothing for a name that this libseccomp does not know.
std::optional<std::uint32_t> architecture_token(std::string_view scmp_name);
/// The value of seccomp_data.arch for a token. They differ for x32 alone, which the kernel tells
/// from x86-64 by a bit in the number of the call.
std::uint32_t audit_architecture(std::uint32_t token) noexcept;
/// What the token adds to the numbers that architectures share: the x32 bit, MIPS' bases.
std::uint32_t syscall_number_base(std::uint32_t token) noexcept;

/// The bit that marks x32 calls.
inline constexpr std::uint32_t k_x32_bit = 0x40000000;

}  // namespace coracle::runtime::seccomp
