// SPDX-License-Identifier: Apache-2.0
// The options that `create` and `run` share.
#pragma once

#include "cli/command.hpp"
#include "coracle/engine/request/container_request.hpp"

namespace coracle::cli {

struct CreateValues {
  engine::ContainerRequest request;
  std::string pull = "missing";
  std::vector<std::string> log_options;
  std::string entrypoint;
  bool entrypoint_set = false;
};

void declare_create_options(Command& command, CreateValues& values);
/// The request, with image and command from the arguments.
engine::ContainerRequest finish_request(CreateValues& values, const CommandContext& context);

}  // namespace coracle::cli
