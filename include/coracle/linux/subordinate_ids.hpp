// SPDX-License-Identifier: Apache-2.0
// Ids that nobody has been granted yet (subuid(5), subgid(5)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coracle::linux {

/// How many an ordinary user gets from useradd(8): images have users up to 65534.
inline constexpr std::uint32_t k_usual_ids = 65536;

/// The first of k_usual_ids ids, from 100000 on (login.defs(5), SUB_UID_MIN), which neither of two
/// texts grants to anybody.
std::uint32_t first_free_id(std::string_view subuid, std::string_view subgid);
/// By the files of this machine.
std::uint32_t first_free_id();
/// The same as usermod(8) takes it: "100000-165535".
std::string free_id_range();

}  // namespace coracle::linux
