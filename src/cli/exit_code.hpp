// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>

#include "cli/output.hpp"

namespace coracle::cli {

/// What a shell reports for a program that wrote into a pipe nobody reads.
inline constexpr int k_exit_broken_pipe = 128 + 13;

/// Prints an error once: `Error: context: message`, and its hint on a line of its own.
/// @returns the exit code of the process
int report_failure(Output& err, const std::exception& failure) noexcept;

}  // namespace coracle::cli
