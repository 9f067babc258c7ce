// SPDX-License-Identifier: Apache-2.0
// Making and removing the directories of a control group.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace coracle::runtime::cgroup {

/// Makes the directory of a group in the v2 hierarchy mounted at `root`. Parents that are missing
/// are made too and get every controller that there is; a group that exists and has no processes is
/// taken over.
/// @param made  gets the directories that were not there, parents first
/// @throws Error conflict if there are processes in it
void make_unified_group(const std::string& root, const std::string& path,
                        std::vector<std::string>& made);
/// Hands all controllers down from the group `base` to the children of the parent of `path`. What
/// cannot be handed down is left: whoever needs it will notice.
void enable_controllers(const std::string& root, const std::string& base, const std::string& path);

/// The same as make_unified_group in a v1 hierarchy; `cpuset` tells that a group needs processors
/// and memory nodes before it can have processes.
void make_legacy_group(const std::string& root, const std::string& path, bool cpuset,
                       std::vector<std::string>& made);

/// Removes a group and those below it, waiting for processes that are about to end.
/// @throws Error conflict if processes are left after `patience`
void remove_group(const std::string& directory, std::chrono::milliseconds patience);

/// The directory and all directories below it, parents first; empty if it does not exist.
std::vector<std::string> group_tree(const std::string& directory);

}  // namespace coracle::runtime::cgroup
