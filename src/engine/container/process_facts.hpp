// SPDX-License-Identifier: Apache-2.0
// The processes of a container, by the host's /proc (proc(5)): nothing is needed inside.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/linux/process_stat.hpp"
#include "coracle/store/container_config.hpp"
#include "coracle/store/container_state.hpp"

namespace coracle::engine {

/// What /proc has of one process.
struct ProcessFacts {
  pid_t host_pid = 0;
  pid_t pid = 0;  ///< inside
  std::map<std::string, std::string, std::less<>> status;
  linux::ProcessStat stat;
  std::string arguments;
  std::string label;  ///< of a security module; empty: none
};

/// Of /proc/PID/status; "" if there is none.
std::string status_of(const ProcessFacts& process, std::string_view key);
std::vector<std::string> words_of(std::string_view text);

/// All of the container's pid namespace; where that is not its own, all in its control group, and
/// the first one, those in its mount namespace, and the children of them all.
/// @throws Error permission_denied when they cannot be looked at
std::vector<ProcessFacts> read_processes(const store::ContainerConfig& config,
                                         const store::ContainerState& state);

}  // namespace coracle::engine
