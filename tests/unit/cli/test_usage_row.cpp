// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cli/commands/usage_row.hpp"
#include "coracle/base/json_value.hpp"

namespace coracle::cli {

using engine::ContainerUsage;

using namespace std::chrono_literals;

TEST_CASE("the share of the processors lies between two measurements", "[usage]") {
  const ContainerUsage before{.cpu_nanoseconds = 1'000};
  const auto percent = [&](std::uint64_t cpu, std::chrono::nanoseconds apart) {
    return cpu_percent(before, {.cpu_nanoseconds = cpu}, apart);
  };
  CHECK(percent(1'500, 1'000ns) == Approx(50));
  CHECK(percent(3'000, 1'000ns) == Approx(200));
  CHECK(percent(1'000, 1'000ns) == Approx(0));
  // No time went by, or another start came between.
  CHECK(percent(1'000, 0ns) < 0);
  CHECK(percent(10, 1'000ns) < 0);
}

TEST_CASE("what is used is shown as podman does", "[usage]") {
  const Json row = usage_row({.cpu_nanoseconds = 0},
                             {.cpu_nanoseconds = 123,
                              .memory = 3'092'000,
                              .memory_limit = 16'700'000'000,
                              .network_received = 430,
                              .network_sent = 0,
                              .processes = 2},
                             1'000ns);
  CHECK(row["CPU"] == "12.30%");
  CHECK(row["Mem"] == "0.02%");
  CHECK(row["MemUsage"] == "3.092MB / 16.7GB");
  CHECK(row["MemUsageBytes"] == "2.949MiB / 15.55GiB");
  CHECK(row["NetIO"] == "430B / 0B");
  CHECK(row["BlockIO"] == "-- / --");
  CHECK(row["PIDS"] == "2");
}

TEST_CASE("what is not known is not shown", "[usage]") {
  const Json row = usage_row({}, {}, 0ns);
  CHECK(row["CPU"] == "--");
  CHECK(row["Mem"] == "--");
  CHECK(row["MemUsage"] == "-- / --");
  CHECK(row["PIDS"] == "--");
}

}  // namespace coracle::cli
