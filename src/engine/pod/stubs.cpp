// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/time.hpp"
#include "coracle/engine/pods.hpp"

namespace coracle::engine {
store::PodConfig create_pod(Context& context, const PodRequest& request) {
  store::PodConfig config;
  config.id = random_id();
  config.name = request.name.empty() ? random_name() : request.name;
  config.created = format_rfc3339(now());
  const auto lock = context.pods().lock();
  context.pods().save_unlocked(config);
  return config;
}
store::PodConfig create_pod_for(Context&, const std::string&, ContainerRequest&) {
  return {};
}
std::vector<PodFailure> start_pod(Context&, const PodSummary&) {
  return {};
}
std::vector<PodFailure> stop_pod(Context&, const PodSummary&, std::optional<std::int64_t>) {
  return {};
}
std::vector<PodFailure> restart_pod(Context&, const PodSummary&) {
  return {};
}
std::vector<PodFailure> kill_pod(Context&, const PodSummary&, int) {
  return {};
}
std::vector<PodFailure> pause_pod(Context&, const PodSummary&, bool) {
  return {};
}
void remove_pod(Context& context, const PodSummary& pod, const PodRemoval&) {
  const auto lock = context.pods().lock();
  context.pods().remove_unlocked(pod.config);
}
std::vector<std::string> prune_pods(Context&) {
  return {};
}
store::PodConfig clone_pod(Context&, const PodSummary& pod, const PodClone&) {
  return pod.config;
}
void show_pod_logs(Context&, const PodSummary&, const LogOptions&, const std::vector<std::string>&,
                   bool) {}
std::vector<std::vector<std::string>> list_processes(Context&, const ContainerId&,
                                                     const std::vector<std::string>&) {
  return {};
}
std::optional<ContainerUsage> measure_container(Context&, const ContainerId&) {
  return std::nullopt;
}
}  // namespace coracle::engine
