// SPDX-License-Identifier: Apache-2.0
// The built-in profile as the build embeds it: see embed_default_profile.py.
#pragma once

#include <string_view>

#include "coracle/linux/capabilities.hpp"

namespace coracle::runtime::seccomp {

/// The profile without white space.
extern const std::string_view k_default_profile_text;
/// The start of its digest.
extern const std::string_view k_default_profile_id;
/// The capabilities that its rules ask for: others make no difference.
linux::CapabilitySet default_profile_capabilities() noexcept;

}  // namespace coracle::runtime::seccomp
