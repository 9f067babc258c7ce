// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "coracle/config/config.hpp"

namespace coracle::config {

/// Applies a coracle.conf to `config`. Unknown keys are ignored: containers.conf has many.
void apply_toml(const std::string& text, const std::string& file, Config& config);

/// The variable's value; empty when it is unset, too.
std::string environment(const char* name);

/// The default graph root and run root of a user who is not root.
std::string rootless_root();
/// $XDG_RUNTIME_DIR/coracle or /run/user/UID/coracle, where that is the user's own; else a
/// directory in /tmp that is made here.
/// @throws Error permission_denied when the one in /tmp is not the user's alone
std::string rootless_runroot(uid_t uid);
/// The user's directory in `parent`, which everybody may write (/tmp).
std::string private_directory(const std::string& parent, uid_t uid);
/// The user's configuration file, whether it exists or not; empty when nobody knows the user's
/// home.
std::string own_config_file();
/// Where the user's programs keep caches; empty when nobody knows the user's home.
std::string own_cache_directory();

}  // namespace coracle::config
