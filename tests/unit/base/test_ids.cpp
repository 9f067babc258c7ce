// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <set>

#include "coracle/base/ids.hpp"
#include "coracle/base/strings.hpp"

using namespace coracle;

TEST_CASE("ids and names are well formed, and differ") {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    const std::string id = random_id();
    CHECK(id.size() == k_id_length);
    CHECK(is_hex(id));
    ids.insert(id);
    const std::string name = random_name();
    CHECK(name.find('_') != std::string::npos);
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos);
  }
  CHECK(ids.size() == 100);
  CHECK(random_hex(4).size() == 8);
  CHECK(short_id(std::string(64, 'a')) == std::string(12, 'a'));
  CHECK(short_id("abc") == "abc");
  CHECK(ContainerId("b").brief() == "b");
  CHECK(ContainerId("a") < ContainerId("b"));
}
