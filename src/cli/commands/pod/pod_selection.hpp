// SPDX-License-Identifier: Apache-2.0
// Which pods a command works on, and work on several of them of which one may fail.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "coracle/engine/pods.hpp"

namespace coracle::cli {

/// The arguments, or with --all every pod, with --latest the one created last.
struct PodSelection {
  bool all = false;
  bool latest = false;
  std::vector<std::string> id_files;
};
void declare_pod_selection(Command& command, PodSelection& selection);
void declare_pod_id_files(Command& command, PodSelection& selection);
void declare_latest_pod(Command& command, bool& latest);

/// @throws Error invalid_argument in podman's words for what does not go together
std::vector<std::string> select_pods(engine::Context& engine, const CommandContext& context,
                                     const PodSelection& selection);
/// The id of the pod created last.
/// @throws Error not_found when there is none
std::string latest_pod(engine::Context& engine);
/// What --pod-id-file has been written to.
std::string read_pod_id(const std::string& file);

/// How for_each_pod() goes about it.
struct PodWork {
  std::function<std::vector<engine::PodFailure>(const engine::PodSummary&)> work;
  std::string_view doing;          ///< to a container, in what is printed: "starting"
  bool echo = false;               ///< prints what the pod was called, not its id
  bool pass_over_missing = false;  ///< a pod that is not there is no error
};
/// Prints the pods that nothing failed with. Failures come after: all but the last are printed, the
/// last is thrown.
void for_each_pod(CommandContext& context, engine::Context& engine,
                  const std::vector<std::string>& names, const PodWork& work);

}  // namespace coracle::cli
