// SPDX-License-Identifier: Apache-2.0
// The front door for people: turns a command line into a call of the engine, and its answer into
// text. It owns names, options and wording; it knows nothing of how anything is done.
#pragma once

namespace coracle::cli {

/// Runs one command line. Errors are printed here, once.
/// @returns the exit code: the command's own; 125 for failures of the engine and of usage, 126 and
///          127 for programs of a container that cannot be run or found
int run(int argc, char** argv);

}  // namespace coracle::cli
