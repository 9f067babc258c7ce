// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "monitor/restart_policy.hpp"

using namespace coracle::monitor;
using std::chrono::milliseconds;

TEST_CASE("without a policy nothing restarts") {
  RestartPolicy policy(Restart::no, 0, milliseconds(100));
  CHECK_FALSE(policy.after_run(0, milliseconds(1)));
  CHECK_FALSE(policy.after_run(1, milliseconds(1)));
}

TEST_CASE("always restarts, waiting twice as long each time up to a minute") {
  RestartPolicy policy(Restart::always, 0, milliseconds(100));
  for (int expected = 100; expected < 60'000; expected *= 2) {
    CHECK(policy.after_run(0, milliseconds(5)) == milliseconds(expected));
  }
  CHECK(policy.after_run(0, milliseconds(5)) == milliseconds(60'000));
  CHECK(policy.after_run(0, milliseconds(5)) == milliseconds(60'000));
  SECTION("a run of ten seconds starts the wait anew") {
    CHECK(policy.after_run(0, milliseconds(9'999)) == milliseconds(60'000));
    CHECK(policy.after_run(0, milliseconds(10'000)) == milliseconds(100));
    CHECK(policy.after_run(0, milliseconds(5)) == milliseconds(200));
  }
}

TEST_CASE("on-failure leaves success alone and counts") {
  RestartPolicy policy(Restart::on_failure, 2, milliseconds(1));
  CHECK_FALSE(policy.after_run(0, milliseconds(5)));
  CHECK(policy.after_run(3, milliseconds(5)));
  CHECK(policy.after_run(3, milliseconds(60'000)));
  CHECK_FALSE(policy.after_run(3, milliseconds(5)));
}

TEST_CASE("on-failure without a limit goes on") {
  RestartPolicy policy(Restart::on_failure, 0, milliseconds(1));
  for (int i = 0; i < 100; ++i) CHECK(policy.after_run(1, milliseconds(5)));
}
