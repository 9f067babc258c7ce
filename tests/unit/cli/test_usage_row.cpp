// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cli/commands/usage_row.hpp"
#include "coracle/base/json_value.hpp"

namespace coracle::cli {

using engine::ContainerUsage;

TEST_CASE("the share of the processors lies between two measurements", "[usage]") {
  const ContainerUsage before{.cpu_nanoseconds = 1'000, .system_nanoseconds = 10'000};
  const auto percent = [&](std::uint64_t cpu, std::uint64_t system) {
    return cpu_percent(before, {.cpu_nanoseconds = cpu, .system_nanoseconds = system});
  };
  CHECK(percent(1'500, 11'000) == Approx(50));
  CHECK(percent(3'000, 11'000) == Approx(200));
  CHECK(percent(1'000, 11'000) == Approx(0));
  // No time went by, or another start came between.
  CHECK(percent(1'000, 10'000) < 0);
  CHECK(percent(10, 11'000) < 0);
}

TEST_CASE("what is used is shown as podman does", "[usage]") {
  const ContainerUsage before{.cpu_nanoseconds = 0, .system_nanoseconds = 0};
  const Json row = usage_row(before, {.cpu_nanoseconds = 123,
                                      .system_nanoseconds = 1'000,
                                      .memory = 3'092'000,
                                      .memory_limit = 16'700'000'000,
                                      .network_received = 430,
                                      .network_sent = 0,
                                      .processes = 2});
  CHECK(row["CPU"] == "12.30%");
  CHECK(row["Mem"] == "0.02%");
  CHECK(row["MemUsage"] == "3.092MB / 16.7GB");
  CHECK(row["MemUsageBytes"] == "2.949MiB / 15.55GiB");
  CHECK(row["NetIO"] == "430B / 0B");
  CHECK(row["BlockIO"] == "-- / --");
  CHECK(row["PIDS"] == "2");
}

TEST_CASE("what is not known is not shown", "[usage]") {
  const Json row = usage_row({}, {});
  CHECK(row["CPU"] == "--");
  CHECK(row["Mem"] == "--");
  CHECK(row["MemUsage"] == "-- / --");
  CHECK(row["PIDS"] == "--");
}

}  // namespace coracle::cli
