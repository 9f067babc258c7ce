// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "coracle/oci/runtime_state.hpp"
#include "data.hpp"

namespace coracle::oci {

using test::error_of;
using test::read_data;
using test::replaced;

TEST_CASE("the state of a container") {
  const RuntimeState state = parse_runtime_state(read_data("state.json"), "state");
  CHECK(state.id == "box");
  CHECK(state.status == ContainerStatus::running);
  CHECK(state.pid == 4242);
  CHECK(state.bundle == "/srv/bundle");
  CHECK(state.annotations.at("a") == "b");
  CHECK(parse_runtime_state(serialize(state), "state") == state);
}

TEST_CASE("a stopped container has process id 0") {
  RuntimeState state;
  state.oci_version = "1.2.0";
  state.id = "a";
  state.bundle = "/b";
  state.status = ContainerStatus::stopped;
  CHECK(serialize(state) ==
        R"({"ociVersion":"1.2.0","id":"a","status":"stopped","pid":0,"bundle":"/b"})");
  CHECK(parse_runtime_state(R"({"ociVersion":"1.2.0","id":"a","status":"stopped","bundle":"/b"})",
                            "state") == state);
}

TEST_CASE("malformed states are refused") {
  const std::string good = read_data("state.json");
  const auto parse = [](const std::string& text) {
    return error_of([&] { parse_runtime_state(text, "state"); });
  };
  CHECK(parse(replaced(good, "running", "dancing")) == "state: field 'status': unknown status");
  CHECK(parse(replaced(good, "4242", "-1")) == "state: field 'pid': must not be negative");
  CHECK(parse(replaced(good, "\"bundle\"", "\"b\"")) == "state: field 'bundle' is missing");
}

TEST_CASE("statuses have the specification's names") {
  for (const ContainerStatus status :
       {ContainerStatus::creating, ContainerStatus::created, ContainerStatus::running,
        ContainerStatus::paused, ContainerStatus::stopped}) {
    CHECK(parse_container_status(to_string(status)) == status);
  }
  CHECK_FALSE(parse_container_status("exited"));
}

}  // namespace coracle::oci
