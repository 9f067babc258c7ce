// SPDX-License-Identifier: Apache-2.0
// What being in a pod means for a container.
#pragma once

#include <optional>
#include <string>

#include "coracle/engine/context.hpp"
#include "coracle/engine/request/container_request.hpp"
#include "coracle/store/pod_config.hpp"

namespace coracle::engine {

/// The pod that a request names, if any. Namespaces that it shares become those of its infra
/// container in the request.
/// @throws Error invalid_argument for what cannot be a container's own in a pod
std::optional<store::PodConfig> join_pod(Context& context, ContainerRequest& request);
/// Containers and pods have their names from one supply. The caller holds the lock of pods.
/// @throws Error conflict
void require_free_pod_name(Context& context, const std::string& name);
/// Starts the infra container of a pod, if there is one and it does not run.
void start_infra(Context& context, const std::string& pod);
/// The control group around those of a pod's containers, as CgroupManager::create() takes it.
std::string pod_cgroup_name(const std::string& pod);
/// The control group of a container of a pod, as CgroupManager::create() takes it; "" where pods
/// have none.
std::string cgroup_in_pod(const store::PodConfig& pod, const std::string& container);
/// When the last container of a pod that ends with it has ended, ends the infra container.
void end_pod_without_containers(Context& context, const store::ContainerConfig& last) noexcept;

}  // namespace coracle::engine
