// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/oci/reference.hpp"
#include "engine/container/resolve.hpp"
#include "engine/request/options.hpp"

namespace coracle::engine {
namespace {

std::string working_directory() {
  char* path = ::get_current_dir_name();
  if (path == nullptr) throw SysError("cannot find the working directory");
  std::string result = path;
  ::free(path);
  return result;
}

void add_mount(const MountOption& option, store::ContainerConfig& container) {
  if (option.type == "volume") {
    throw Error(ErrorClass::not_implemented,
                "named and anonymous volumes are not supported yet: '{}'; use a host directory",
                option.source.empty() ? option.destination : option.source);
  }
  const bool taken = std::ranges::any_of(container.mounts, [&](const store::ContainerMount& mount) {
    return mount.destination == option.destination;
  });
  if (taken) {
    throw Error(ErrorClass::invalid_argument, "{}: duplicate mount destination", option.destination);
  }
  store::ContainerMount mount{option.type, option.source, option.destination, option.options, false};
  if (mount.type == "bind") {
    char* real = ::realpath(option.source.c_str(), nullptr);
    if (real == nullptr) {
      throw SysError("statfs {}", option.source);
    }
    mount.source = real;
    ::free(real);
  }
  for (const auto& flag : option.options) {
    mount.chown = mount.chown || flag == "U";
    if (flag == "O" || flag == "idmap" || flag.starts_with("idmap=") || flag.starts_with("upperdir=")) {
      throw Error(ErrorClass::not_implemented, "mount option '{}' of '{}' is not supported yet", flag,
                  option.destination);
    }
  }
  container.mounts.push_back(std::move(mount));
}

void add_timezone(const std::string& zone, store::ContainerConfig& container) {
  if (zone.empty()) return;
  container.timezone = zone;
  std::string source = "/usr/share/zoneinfo/" + zone;
  if (zone == "local") source = "/etc/localtime";
  if (zone.find("..") != std::string::npos || !linux::exists(source)) {
    throw Error(ErrorClass::invalid_argument, "finding timezone '{}': unknown time zone", zone);
  }
  // The user's own mount there wins.
  const bool taken = std::ranges::any_of(container.mounts, [](const store::ContainerMount& mount) {
    return mount.destination == "/etc/localtime";
  });
  if (!taken) add_mount({"bind", source, "/etc/localtime", {"ro"}}, container);
}

}  // namespace

std::string chosen_name(const store::ImageSummary& image, std::string_view asked) {
  if (image.names.empty()) return image.id;
  for (const auto& name : image.names) {
    // "base" is meant for "localhost/base:latest".
    const bool same = name == asked || name.ends_with("/" + std::string(asked)) ||
                      name.ends_with("/" + std::string(asked) + ":latest") ||
                      name == std::string(asked) + ":latest";
    if (same) return name;
  }
  return image.names.front();
}

void resolve_mounts(Context& context, const ContainerRequest& request, const oci::ContainerConfig&,
                    store::ContainerConfig& container) {
  const std::string directory = working_directory();
  for (const auto& text : request.volumes) add_mount(parse_volume(text, directory), container);
  for (const auto& text : request.mounts) add_mount(parse_mount(text, directory), container);
  for (const auto& text : request.tmpfs) add_mount(parse_tmpfs(text), container);
  add_timezone(request.timezone.empty() ? context.config().timezone : request.timezone, container);
  for (const auto& text : request.devices) {
    const DeviceOption device = parse_device(text);
    if (!linux::exists(device.source)) {
      throw Error(ErrorClass::invalid_argument, "stat {}: no such file or directory", device.source);
    }
    container.devices.push_back({device.source, device.path, device.permissions});
  }
}

void resolve_resources(const Context& context, const ContainerRequest& request,
                       store::ContainerConfig& container) {
  auto& resources = container.resources;
  if (!request.memory.empty()) {
    resources.memory.limit = parse_size_option(request.memory, "--memory");
    // Unset, swap is as much again (docker, podman).
    constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max() / 2;
    const std::int64_t limit = *resources.memory.limit;
    resources.memory.swap = limit > 0 && limit <= k_most ? limit * 2 : -1;
  }
  if (!request.memory_swap.empty()) {
    resources.memory.swap = parse_size_option(request.memory_swap, "--memory-swap");
    if (!resources.memory.limit) {
      throw Error(ErrorClass::invalid_argument, "you should always set a memory limit when using a memory swap limit");
    }
  }
  if (!request.memory_reservation.empty()) {
    resources.memory.reservation = parse_size_option(request.memory_reservation, "--memory-reservation");
  }
  if (!request.cpus.empty()) {
    char* end = nullptr;
    const double cpus = ::strtod(request.cpus.c_str(), &end);
    // Neither below 0 nor no number at all.
    const bool good = *end == '\0' && cpus >= 0 && cpus <= 1e6;
    if (!good || request.cpu_quota || request.cpu_period) {
      throw Error(ErrorClass::invalid_argument, "invalid --cpus '{}'", request.cpus);
    }
    resources.cpu.period = 100'000;
    resources.cpu.quota = std::llround(cpus * 100'000);
  }
  if (request.cpu_quota) resources.cpu.quota = *request.cpu_quota;
  for (const auto* number : {&request.cpu_period, &request.cpu_shares}) {
    if (*number && **number < 0) throw Error(ErrorClass::invalid_argument, "{} CPU time makes no sense", **number);
  }
  if (request.cpu_period) resources.cpu.period = static_cast<std::uint64_t>(*request.cpu_period);
  if (request.cpu_shares) resources.cpu.shares = static_cast<std::uint64_t>(*request.cpu_shares);
  resources.cpu.cpus = request.cpuset_cpus;
  resources.cpu.mems = request.cpuset_mems;
  resources.pids_limit = request.pids_limit;
  if (!resources.pids_limit && context.config().pids_limit > 0) {
    resources.pids_limit = context.config().pids_limit;
  }
}

}  // namespace coracle::engine
