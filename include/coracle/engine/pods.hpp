// SPDX-License-Identifier: Apache-2.0
// The verbs on pods (podman-pod(1)): containers that share namespaces. An infra container, which
// needs no image, holds the namespaces.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/base/error.hpp"
#include "coracle/base/ids.hpp"
#include "coracle/base/json.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/engine/context.hpp"
#include "coracle/store/pod_config.hpp"

namespace coracle::engine {

/// What containers of a pod share unless it says otherwise.
inline constexpr std::string_view k_usual_share = "cgroup,ipc,net,uts";

/// What a user asks for with `pod create`. Text fields hold what the option of the same name takes.
struct PodRequest {
  std::string name;  ///< empty: one is made up
  bool replace = false;
  std::optional<bool> infra;         ///< unset: unless nothing is shared
  std::string infra_name;            ///< empty: made of the pod's id
  std::optional<std::string> share;  ///< "none", or a list; "+NAME" adds to the usual ones
  bool share_parent = true;          ///< the containers' control groups are in the pod's
  std::string exit_policy;
  std::string pod_id_file;
  std::vector<std::string> labels;
  std::vector<std::string> label_files;
  std::vector<std::string> create_command;
  /// Of the infra container, and so of all: networks, ports, names, hosts, sysctls, user namespace,
  /// pid namespace, shm_size, mounts, devices, security options, resources, restart; nothing else
  /// of it is looked at.
  ContainerRequest shared;
};

/// @throws Error conflict when the name is in use by a pod or a container
store::PodConfig create_pod(Context& context, const PodRequest& request);
/// The pod of `run --pod new:NAME`: what the request asks for that all containers of a pod share
/// becomes the pod's, and is taken out of it.
store::PodConfig create_pod_for(Context& context, const std::string& name,
                                ContainerRequest& request);

/// A pod and its containers, the infra container among them.
struct PodSummary {
  store::PodConfig config;
  std::vector<ContainerSummary> containers;

  /// podman's words: Created, Running, Degraded, Paused, Stopped, Exited.
  std::string status() const;
};
std::vector<PodSummary> list_pods(Context& context);
/// @param name  or id, or the beginning of an id
/// @throws Error not_found in podman's words
PodSummary find_pod(Context& context, std::string_view name);
/// By name or ID. One whose maker was killed does not.
bool pod_exists(Context& context, std::string_view name);
/// podman's inspect document of one pod.
Json inspect_pod(Context& context, const PodSummary& pod);

/// The following act on every container, the infra container first where that is to be had before
/// the others, and last where the others need it. Failures with single containers are collected:
/// all others are dealt with.
/// @returns what failed, by container; empty: all is well
struct PodFailure {
  std::string container;  ///< id
  Error error;
};
std::vector<PodFailure> start_pod(Context& context, const PodSummary& pod);
std::vector<PodFailure> stop_pod(Context& context, const PodSummary& pod,
                                 std::optional<std::int64_t> timeout);
std::vector<PodFailure> restart_pod(Context& context, const PodSummary& pod);
std::vector<PodFailure> kill_pod(Context& context, const PodSummary& pod, int signal);
std::vector<PodFailure> pause_pod(Context& context, const PodSummary& pod, bool paused);

struct PodRemoval {
  bool force = false;  ///< also with running containers
  std::optional<std::int64_t> timeout;
};
/// With its containers.
/// @throws Error conflict when containers run and it is not forced
void remove_pod(Context& context, const PodSummary& pod, const PodRemoval& removal);
/// Those whose containers have all ended. @returns their ids
std::vector<std::string> prune_pods(Context& context);

struct PodClone {
  std::string name;  ///< empty: the old one's with "-clone"
  std::string infra_name;
  bool destroy = false;  ///< the old pod goes
  bool start = false;
  std::vector<std::string> labels;  ///< beside the old one's
  std::vector<std::string> label_files;
  /// Resources and restart are looked at; what it leaves open stays as it is.
  ContainerRequest shared;
};
/// A pod with the same settings and new containers made as the old ones were.
store::PodConfig clone_pod(Context& context, const PodSummary& pod, const PodClone& request);

/// What the containers have written. @param names  of containers instead of ids before each line
void show_pod_logs(Context& context, const PodSummary& pod, const LogOptions& options,
                   const std::vector<std::string>& only, bool names);

}  // namespace coracle::engine
