// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/linux/capabilities.hpp"

using namespace coracle::linux;

TEST_CASE("names and numbers of capabilities") {
  CHECK(capability_number("CAP_CHOWN") == 0);
  CHECK(capability_number("chown") == 0);
  CHECK(capability_number("Cap_Sys_Admin") == 21);
  CHECK_FALSE(capability_number("CAP_NOTHING"));
  CHECK_FALSE(capability_number(""));
  CHECK(capability_name(21) == "CAP_SYS_ADMIN");
  std::vector<std::string> unknown;
  const auto set = capability_set({"CAP_KILL", "nope", "chown"}, &unknown);
  CHECK(capability_names(set) == std::vector<std::string>{"CAP_CHOWN", "CAP_KILL"});
  CHECK(unknown == std::vector<std::string>{"nope"});
  CHECK(capability_names(0).empty());
  CHECK((bounding_set() & ~all_capabilities()) == 0);
}
