// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <set>

namespace coracle::linux {

/// Adds all that descend from these to them. Who has lost its parents is not found.
void add_descendants(std::set<pid_t>& family);
/// A process and all that descend from it. Costs less than add_descendants() where the kernel lists
/// children (CONFIG_PROC_CHILDREN).
std::set<pid_t> family_of(pid_t first);

/// Makes this process the parent of all descendants that lose theirs
/// (PR_SET_CHILD_SUBREAPER(2const)).
void adopt_descendants();
/// Reaps adopted ones that have ended: children in another session than this process.
/// @param but  this one, which somebody waits for
void reap_adopted(pid_t but) noexcept;
/// Kills all descendants of a process that adopts them, and reaps them. It only ever signals its
/// own children, whose numbers nobody else can have until it reaps them.
/// @returns false when some are left: it has no right to kill them, or they come faster than it is
bool end_descendants() noexcept;

/// Kills a process that leads a session, all that are in this session, and all that descend from
/// any of them, also those that they start meanwhile. Who has left the session and lost its
/// parents is not found. The process itself stays to be reaped by its parent.
void kill_session(pid_t leader) noexcept;

}  // namespace coracle::linux
