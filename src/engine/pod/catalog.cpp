// SPDX-License-Identifier: Apache-2.0
// Which pods there are, and how they are.
#include <algorithm>
#include <map>

#include "coracle/base/json_value.hpp"
#include "coracle/engine/container_status.hpp"
#include "coracle/engine/pods.hpp"
#include "engine/pod/remove.hpp"

namespace coracle::engine {
namespace {

using store::ContainerStatus;

/// All containers that belong to pods, by pod.
std::map<std::string, std::vector<ContainerSummary>> members_of_pods(Context& context) {
  std::map<std::string, std::vector<ContainerSummary>> members;
  for (auto& container : list_containers(context)) {
    if (container.config.pod.empty()) continue;
    members[container.config.pod].push_back(std::move(container));
  }
  for (auto& [pod, containers] : members) {
    // The infra container first, the others in the order of their creation.
    std::ranges::sort(containers, [](const ContainerSummary& a, const ContainerSummary& b) {
      if (a.config.is_infra != b.config.is_infra) return a.config.is_infra;
      return a.config.created < b.config.created;
    });
  }
  return members;
}

}  // namespace

std::string PodSummary::status() const {
  std::map<ContainerStatus, std::size_t> count;
  for (const auto& container : containers) ++count[container.state.status];
  const std::size_t all = containers.size();
  const auto running = static_cast<std::size_t>(std::ranges::count_if(
      containers, [](const auto& container) { return is_running(container.state); }));
  const std::size_t ended = count[ContainerStatus::exited];
  if (all == 0) return "Created";
  if (running == all) return "Running";
  if (running > 0) return "Degraded";
  if (count[ContainerStatus::paused] == all) return "Paused";
  if (ended == all) return "Exited";
  if (ended > 0) return "Stopped";
  return "Created";
}

std::vector<PodSummary> list_pods(Context& context) {
  remove_unfinished_pods(context);
  std::vector<PodSummary> pods;
  auto configs = context.pods().list();
  if (configs.empty()) return pods;
  auto members = members_of_pods(context);
  for (auto& config : configs) {
    auto& containers = members[config.id];
    pods.push_back({std::move(config), std::move(containers)});
  }
  return pods;
}

PodSummary find_pod(Context& context, std::string_view name) {
  remove_unfinished_pods(context);
  return load_pod(context, name);
}

bool pod_exists(Context& context, std::string_view name) {
  remove_unfinished_pods(context);
  return context.pods().try_find(name).has_value();
}

PodSummary load_pod(Context& context, std::string_view name) {
  PodSummary pod{context.pods().find(name), {}};
  pod.containers = std::move(members_of_pods(context)[pod.config.id]);
  return pod;
}

}  // namespace coracle::engine
