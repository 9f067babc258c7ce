// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/engine/pods.hpp"
#include "coracle/linux/process.hpp"

namespace coracle::engine {
namespace {

std::vector<store::ContainerConfig> choose(const PodSummary& pod,
                                           const std::vector<std::string>& only) {
  std::vector<store::ContainerConfig> chosen;
  for (const auto& container : pod.containers) {
    if (container.config.is_infra) continue;
    const auto is_meant = [&](const std::string& name) {
      return container.config.name == name || container.config.id.starts_with(name);
    };
    if (only.empty() || std::ranges::any_of(only, is_meant)) chosen.push_back(container.config);
  }
  for (const auto& name : only) {
    const bool is_there = std::ranges::any_of(chosen, [&](const auto& config) {
      return config.name == name || config.id.starts_with(name);
    });
    if (!is_there) {
      throw Error(ErrorClass::not_found, "container {} is not in pod {}", name, pod.config.name);
    }
  }
  return chosen;
}

/// Each in a process of its own: following one must not wait for another.
void follow_all(Context& context, const std::vector<store::ContainerConfig>& containers,
                const std::function<LogOptions(const store::ContainerConfig&)>& options_for) {
  std::vector<linux::Child> followers;
  for (const auto& config : containers) {
    const pid_t pid = ::fork();
    if (pid < 0) throw SysError("cannot follow the log of container {}", config.name);
    if (pid == 0) {
      try {
        show_logs(context, ContainerId(config.id), options_for(config));
      } catch (const std::exception& error) {
        log::warn("container {}: {}", config.name, error.what());
      }
      ::_exit(0);
    }
    followers.emplace_back(pid);
  }
  for (auto& follower : followers) follower.wait();
}

}  // namespace

void show_pod_logs(Context& context, const PodSummary& pod, const LogOptions& options,
                   const std::vector<std::string>& only, bool names) {
  const auto containers = choose(pod, only);
  const auto options_for = [&](const store::ContainerConfig& config) {
    LogOptions own = options;
    if (names || containers.size() > 1) {
      own.prefix = (names ? config.name : short_id(config.id)) + " ";
    }
    return own;
  };
  if (options.follow) return follow_all(context, containers, options_for);
  for (const auto& config : containers) {
    show_logs(context, ContainerId(config.id), options_for(config));
  }
}

}  // namespace coracle::engine
