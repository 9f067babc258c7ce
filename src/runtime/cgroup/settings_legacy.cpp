// SPDX-License-Identifier: Apache-2.0
// Limits in the terms of cgroup v1 (Documentation/admin-guide/cgroup-v1).
#include <fmt/format.h>

#include "runtime/cgroup/settings_internal.hpp"

namespace coracle::runtime::cgroup {
namespace {

template <typename Number>
void add_number(std::vector<Setting>& settings, std::string_view controller, const char* file,
                const std::optional<Number>& value, IfMissing if_missing = IfMissing::fails) {
  if (value && *value != 0) {
    add_setting(settings, controller, file, std::to_string(*value), if_missing);
  }
}

void plan_throttles(const std::vector<oci::BlockIoThrottle>& throttles, const char* file,
                    std::vector<Setting>& settings) {
  for (const auto& [major, minor, rate] : throttles) {
    add_setting(settings, "blkio", file, fmt::format("{}:{} {}", major, minor, rate));
  }
}

}  // namespace

void plan_legacy_memory(const oci::MemoryResources& memory, std::vector<Setting>& settings) {
  auto swap = memory.swap;
  // Memory without limit cannot have one together with swap.
  if (memory.limit.value_or(0) < 0 && swap.value_or(0) == 0) swap = -1;
  add_number(settings, "memory", "memory.limit_in_bytes", memory.limit);
  // Only kernels that account for swap have the file.
  const auto if_missing = swap.value_or(0) < 0 ? IfMissing::harmless : IfMissing::warns;
  add_number(settings, "memory", "memory.memsw.limit_in_bytes", swap, if_missing);
  add_number(settings, "memory", "memory.soft_limit_in_bytes", memory.reservation);
  // memory.kmem.limit_in_bytes is gone from the kernel (5.16), and was of no use before: runc and
  // crun ignore `kernel`.
  add_number(settings, "memory", "memory.kmem.tcp.limit_in_bytes", memory.kernel_tcp);
  if (memory.swappiness) {
    add_setting(settings, "memory", "memory.swappiness", std::to_string(*memory.swappiness));
  }
  if (memory.disable_oom_killer.value_or(false)) {
    add_setting(settings, "memory", "memory.oom_control", "1");
  }
}

void plan_legacy_cpu(const oci::CpuResources& cpu, std::vector<Setting>& settings) {
  add_number(settings, "cpu", "cpu.rt_period_us", cpu.realtime_period);
  add_number(settings, "cpu", "cpu.rt_runtime_us", cpu.realtime_runtime);
  if (cpu.idle.value_or(0) == 0) add_number(settings, "cpu", "cpu.shares", cpu.shares);
  add_number(settings, "cpu", "cpu.cfs_period_us", cpu.period);
  add_number(settings, "cpu", "cpu.cfs_quota_us", cpu.quota);
  add_number(settings, "cpu", "cpu.cfs_burst_us", cpu.burst);
  if (cpu.idle) add_setting(settings, "cpu", "cpu.idle", std::to_string(*cpu.idle));
}

void plan_legacy_block_io(const oci::BlockIoResources& io, std::vector<Setting>& settings) {
  if (io.weight.value_or(0) != 0) {
    const auto value = std::to_string(*io.weight);
    settings.push_back(
        {"blkio", {{"blkio.bfq.weight", value}, {"blkio.weight", value}}, IfMissing::fails});
  }
  add_number(settings, "blkio", "blkio.leaf_weight", io.leaf_weight);
  for (const auto& device : io.weight_device) {
    const auto number = fmt::format("{}:{}", device.major, device.minor);
    if (device.weight) {
      const auto value = fmt::format("{} {}", number, *device.weight);
      settings.push_back({"blkio",
                          {{"blkio.bfq.weight_device", value}, {"blkio.weight_device", value}},
                          IfMissing::fails});
    }
    if (device.leaf_weight) {
      add_setting(settings, "blkio", "blkio.leaf_weight_device",
                  fmt::format("{} {}", number, *device.leaf_weight));
    }
  }
  plan_throttles(io.throttle_read_bps_device, "blkio.throttle.read_bps_device", settings);
  plan_throttles(io.throttle_write_bps_device, "blkio.throttle.write_bps_device", settings);
  plan_throttles(io.throttle_read_iops_device, "blkio.throttle.read_iops_device", settings);
  plan_throttles(io.throttle_write_iops_device, "blkio.throttle.write_iops_device", settings);
}

}  // namespace coracle::runtime::cgroup
