// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
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
    throw Error(ErrorClass::invalid_argument, "{}: duplicate mount destination",
                option.destination);
  }
  store::ContainerMount mount{option.type, option.source, option.destination, option.options,
                              false};
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
    if (flag == "O" || flag == "idmap" || flag.starts_with("idmap=") ||
        flag.starts_with("upperdir=")) {
      throw Error(ErrorClass::not_implemented, "mount option '{}' of '{}' is not supported yet",
                  flag, option.destination);
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
      throw Error(ErrorClass::invalid_argument, "stat {}: no such file or directory",
                  device.source);
    }
    container.devices.push_back({device.source, device.path, device.permissions});
  }
}

}  // namespace coracle::engine
