// SPDX-License-Identifier: Apache-2.0
// Limits in the terms of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst).
#include <fmt/format.h>

#include "runtime/cgroup/settings_internal.hpp"

namespace coracle::runtime::cgroup {
namespace {

using Throttles = std::vector<oci::BlockIoThrottle>;

void plan_throttles(const Throttles& throttles, const char* key, std::vector<Setting>& settings) {
  for (const auto& [major, minor, rate] : throttles) {
    // 0 lifts the limit, as in v1.
    const std::string value = rate == 0 ? "max" : std::to_string(rate);
    add_setting(settings, "io", "io.max", fmt::format("{}:{} {}={}", major, minor, key, value));
  }
}

}  // namespace

void plan_unified_memory(const oci::MemoryResources& memory, std::vector<Setting>& settings) {
  // Kernel memory, swappiness and the OOM switch have no counterpart: v2 counts kernel memory in,
  // and the reclaim decides by itself. runc and crun leave them out, too.
  const auto swap = swap_alone(memory.swap, memory.limit);
  if (swap) {
    // A kernel without swap accounting has no file, and nothing to lose for these two values. The
    // others come from --memory alone, too, which asks for as much swap as memory.
    const auto if_missing = *swap <= 0 ? IfMissing::harmless : IfMissing::warns;
    add_setting(settings, "memory", "memory.swap.max", number_or_max(*swap), if_missing);
  }
  if (memory.limit.value_or(0) != 0) {
    add_setting(settings, "memory", "memory.max", number_or_max(*memory.limit));
  }
  if (memory.reservation.value_or(0) != 0) {
    add_setting(settings, "memory", "memory.low", number_or_max(*memory.reservation));
  }
}

void plan_unified_cpu(const oci::CpuResources& cpu, std::vector<Setting>& settings) {
  const bool idle = cpu.idle.value_or(0) != 0;
  // An idle group has no weight; writing one fails.
  if (cpu.shares.value_or(0) != 0 && !idle) {
    add_setting(settings, "cpu", "cpu.weight", std::to_string(weight_of_shares(*cpu.shares)));
  }
  const std::int64_t quota = cpu.quota.value_or(0);
  const std::uint64_t period = cpu.period.value_or(0);
  if (quota != 0 || period != 0) {
    constexpr std::uint64_t k_default_period = 100'000;
    add_setting(settings, "cpu", "cpu.max",
                fmt::format("{} {}", quota > 0 ? std::to_string(quota) : "max",
                            period != 0 ? period : k_default_period));
  }
  if (cpu.burst) add_setting(settings, "cpu", "cpu.max.burst", std::to_string(*cpu.burst));
  if (cpu.idle) add_setting(settings, "cpu", "cpu.idle", std::to_string(*cpu.idle));
}

void plan_unified_block_io(const oci::BlockIoResources& io, std::vector<Setting>& settings) {
  // BFQ keeps v1's scale; io.weight, of the io.cost controller, has its own.
  if (io.weight.value_or(0) != 0) {
    settings.push_back({"io",
                        {{"io.bfq.weight", std::to_string(*io.weight)},
                         {"io.weight", fmt::format("default {}", io_weight_of_blkio(*io.weight))}},
                        IfMissing::fails});
  }
  for (const auto& device : io.weight_device) {
    if (device.weight.value_or(0) == 0) continue;
    const auto number = fmt::format("{}:{}", device.major, device.minor);
    settings.push_back(
        {"io",
         {{"io.bfq.weight", fmt::format("{} {}", number, *device.weight)},
          {"io.weight", fmt::format("{} {}", number, io_weight_of_blkio(*device.weight))}},
         IfMissing::fails});
  }
  plan_throttles(io.throttle_read_bps_device, "rbps", settings);
  plan_throttles(io.throttle_write_bps_device, "wbps", settings);
  plan_throttles(io.throttle_read_iops_device, "riops", settings);
  plan_throttles(io.throttle_write_iops_device, "wiops", settings);
}

}  // namespace coracle::runtime::cgroup
