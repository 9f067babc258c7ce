// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::runtime {
namespace {

struct DefaultDevice {
  const char* path;
  unsigned major;
  unsigned minor;
};

constexpr DefaultDevice k_default_devices[] = {
    {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
    {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

constexpr std::pair<const char*, const char*> k_links[] = {
    {"/proc/self/fd", "/dev/fd"},       {"/proc/self/fd/0", "/dev/stdin"},
    {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"},
    {"/proc/kcore", "/dev/core"},       {"pts/ptmx", "/dev/ptmx"},
};

mode_t type_bits(const oci::Device& device) {
  switch (device.type) {
    case 'c':
    case 'u': return S_IFCHR;
    case 'b': return S_IFBLK;
    case 'p': return S_IFIFO;
    default:
      throw Error(ErrorClass::invalid_argument, "unknown type '{}' of device '{}'", device.type,
                  device.path);
  }
}

}  // namespace

void plan_devices(const oci::LinuxConfig& config, ChildPlan& plan) {
  for (const auto& device : k_default_devices) {
    const bool given = std::ranges::any_of(
        config.devices, [&](const oci::Device& other) { return other.path == device.path; });
    if (given) continue;
    plan.devices.push_back(
        {device.path, device.path, S_IFCHR | 0666, ::makedev(device.major, device.minor), 0, 0});
  }
  for (const auto& device : config.devices) {
    // A fifo has no numbers, whatever is said of it.
    const bool is_fifo = device.type == 'p';
    const dev_t number = is_fifo ? 0
                                 : ::makedev(static_cast<unsigned>(device.major),
                                             static_cast<unsigned>(device.minor));
    plan.devices.push_back({device.path, device.path,
                            type_bits(device) | device.file_mode.value_or(0666), number,
                            device.uid.value_or(0), device.gid.value_or(0)});
  }
  for (const auto& [target, path] : k_links) plan.links.push_back({target, path});
}

}  // namespace coracle::runtime
