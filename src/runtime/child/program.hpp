// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/plan/child_plan.hpp"

namespace coracle::runtime::child {

/// argv and environ as execve(2) wants them, built before the fork.
struct ExecVectors {
  explicit ExecVectors(const ProcessPlan& process);
  std::vector<char*> argv;
  std::vector<char*> environment;
};

/// Fails if a candidate is the engine's own program file, or a script for it. Called as root, from
/// whom no image can keep the reading of a program.
void refuse_own_program(const ProcessPlan& process, int socket) noexcept;

/// The first candidate that this process may execute; fails the step with ENOENT or EACCES.
const char* find_program(const ProcessPlan& process, int socket) noexcept;

/// Instead of a program: reaps what is orphaned to this process, until it is told to end.
[[noreturn]] void pause_until_told(const ProcessPlan& process) noexcept;

/// Replaces this process, or, with the built-in init, stays as pid 1 and runs it as a child.
[[noreturn]] void run_program(const ProcessPlan& process, const ExecVectors& vectors,
                              const char* program, int socket) noexcept;

}  // namespace coracle::runtime::child
