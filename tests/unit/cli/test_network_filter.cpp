// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "cli/commands/network/network_filter.hpp"
#include "coracle/base/error.hpp"

namespace coracle::cli {
namespace {

using Keys = NetworkFilter::Keys;

store::NetworkConfig network() {
  store::NetworkConfig config;
  config.name = "web";
  config.id = "2f259bab93aa";
  config.driver = "bridge";
  config.created = "2026-11-20T08:15:30Z";
  config.labels = {{"kind", "a"}, {"empty", ""}};
  return config;
}

bool fits(const std::vector<std::string>& texts, const std::set<std::string>& used = {}) {
  return NetworkFilter(texts, Keys::of_listing).fits(network(), used);
}

}  // namespace

TEST_CASE("a filter looks at one thing of a network", "[network]") {
  CHECK(fits({}));
  CHECK(fits({"name=e"}));
  CHECK_FALSE(fits({"name=^e"}));
  CHECK(fits({"name="}));
  CHECK(fits({"id=2f25"}));
  CHECK_FALSE(fits({"id=f25"}));
  CHECK(fits({"id=9bab.*$"}));
  CHECK(fits({"driver=bridge"}));
  CHECK_FALSE(fits({"driver=brid"}));
  CHECK(fits({"label=kind"}));
  CHECK(fits({"label=kind=a"}));
  CHECK(fits({"label=empty="}));
  CHECK_FALSE(fits({"label=kind=b"}));
  CHECK_FALSE(fits({"label!=kind"}));
  CHECK(fits({"label!=kind=b"}));
  CHECK(fits({"until=2026-11-20T08:15:31Z"}));
  CHECK_FALSE(fits({"until=2026-11-20T08:15:30Z"}));
}

TEST_CASE("dangling networks are those that nobody uses", "[network]") {
  CHECK(fits({"dangling=true"}));
  CHECK_FALSE(fits({"dangling=true"}, {"web"}));
  CHECK(fits({"dangling=false"}, {"web"}));
  CHECK(NetworkFilter({"dangling=0"}, Keys::of_listing).asks_for_use());
  CHECK_FALSE(NetworkFilter({"name=x"}, Keys::of_listing).asks_for_use());
}

TEST_CASE("values of one key are alternatives, labels and keys are not", "[network]") {
  CHECK(fits({"name=nope", "name=web"}));
  CHECK_FALSE(fits({"name=web", "driver=macvlan"}));
  CHECK(fits({"name=web", "driver=macvlan", "driver=bridge"}));
  CHECK_FALSE(fits({"label=kind", "label=nope"}));
  CHECK_FALSE(fits({"label!=nope", "label!=kind"}));
}

TEST_CASE("filters that make no sense are refused", "[network]") {
  for (const char* text : {"color=red", "name", "name=[", "id=(", "until=later",
                           "until=", "dangling=perhaps", "dangling=", "=x", ""}) {
    CAPTURE(text);
    CHECK_THROWS_AS(fits({text}), Error);
  }
  CHECK_NOTHROW(NetworkFilter({"label=a", "label!=b", "until=1h"}, Keys::of_prune));
  for (const char* text : {"name=web", "id=2f", "driver=bridge", "dangling=true"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(NetworkFilter({text}, Keys::of_prune), Error);
  }
}

}  // namespace coracle::cli
