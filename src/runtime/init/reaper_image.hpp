// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "coracle/linux/fd.hpp"

namespace coracle::runtime {

/// The program of reaper.cpp; empty where it is not made for this architecture.
extern const std::span<const unsigned char> k_reaper;

/// It in memory, ready to be executed (memfd_create(2)) and not to be changed; invalid where that
/// is not possible.
linux::Fd load_reaper() noexcept;

}  // namespace coracle::runtime
