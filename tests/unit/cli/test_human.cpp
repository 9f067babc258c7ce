// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cli/format/human_size.hpp"
#include "coracle/base/time.hpp"

namespace coracle::cli::format {

TEST_CASE("sizes read as go-units writes them", "[human]") {
  CHECK(human_size(0) == "0B");
  CHECK(human_size(999) == "999B");
  CHECK(human_size(1000) == "1kB");
  CHECK(human_size(1234567) == "1.23MB");
  CHECK(human_size(117'000'000) == "117MB");
  CHECK(human_size(2'500'000'000) == "2.5GB");
  CHECK(human_size(999'999) == "1MB");
  CHECK(human_size(UINT64_MAX) == "18.4EB");
  CHECK(human_size_spaced(1234567) == "1.23 MB");
  CHECK(human_size_spaced(5) == "5 B");
  CHECK(binary_size(1024) == "1KiB");
  CHECK(binary_size(1258291) == "1.2MiB");
  CHECK(binary_size(8'270'000'000) == "7.702GiB");
  CHECK(binary_size(1'048'575) == "1024KiB");
}

TEST_CASE("durations read as go-units writes them", "[human]") {
  using namespace std::chrono_literals;
  CHECK(human_duration(450ms) == "Less than a second");
  CHECK(human_duration(-5s) == "Less than a second");
  CHECK(human_duration(1s) == "1 second");
  CHECK(human_duration(59s + 900ms) == "59 seconds");
  CHECK(human_duration(60s) == "About a minute");
  CHECK(human_duration(119s) == "About a minute");
  CHECK(human_duration(3min) == "3 minutes");
  CHECK(human_duration(59min + 59s) == "59 minutes");
  CHECK(human_duration(60min) == "About an hour");
  CHECK(human_duration(89min) == "About an hour");
  CHECK(human_duration(90min) == "2 hours");
  CHECK(human_duration(47h + 29min) == "47 hours");
  CHECK(human_duration(48h) == "2 days");
  CHECK(human_duration(24h * 13) == "13 days");
  CHECK(human_duration(24h * 14) == "2 weeks");
  CHECK(human_duration(24h * 59) == "8 weeks");
  CHECK(human_duration(24h * 60) == "2 months");
  CHECK(human_duration(24h * 729) == "24 months");
  CHECK(human_duration(24h * 730) == "2 years");
}

}  // namespace coracle::cli::format
