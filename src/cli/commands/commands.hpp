// SPDX-License-Identifier: Apache-2.0
// The setup function of every command; each is defined in a file of its own.
#pragma once

namespace coracle::cli {

class Command;

// system
void setup_complete(Command& command);
void setup_completion(Command& command);
void setup_help(Command& command);
void setup_version(Command& command);

}  // namespace coracle::cli
