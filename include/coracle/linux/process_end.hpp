// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "coracle/linux/process.hpp"

namespace coracle::linux {

/// Waits for the end of a process. False after `timeout_ms` (-1: no limit).
bool wait_for_end(const ProcessIdentity& process, int timeout_ms);

/// Kills all whose root directory (chroot(2)) is this one or one below it, also those that they
/// start meanwhile. Whose it may not see (proc_pid_root(5): of other users, without CAP_SYS_PTRACE)
/// it does not find.
/// @param directory  an absolute path, may lead through links
/// @returns false when some are left that cannot be killed now, and for our own root directory
bool end_chrooted(const std::string& directory) noexcept;

}  // namespace coracle::linux
