// SPDX-License-Identifier: Apache-2.0
#include "coracle/base/error.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/runtime/cgroup.hpp"
#include "engine/container/state.hpp"

namespace coracle::engine {

void pause_container(Context& context, const ContainerId& id, bool paused) {
  const auto lock = context.containers().lock(id);
  const auto config = context.containers().load_config(id);
  auto state = context.containers().load_state(id);
  const auto wanted = paused ? store::ContainerStatus::running : store::ContainerStatus::paused;
  if (state.status != wanted) {
    throw Error(ErrorClass::conflict, "\"{}\" is not {}, can't {}: container state improper",
                config.id, paused ? "running" : "paused", paused ? "pause" : "unpause");
  }
  if (state.cgroup.empty()) {
    throw Error(ErrorClass::unavailable,
                "cannot pause container {}: it has no control group that this user may write",
                config.name);
  }
  const auto group = runtime::open_cgroup(state.cgroup);
  if (paused) {
    group->freeze();
  } else {
    group->thaw();
  }
  state.status = paused ? store::ContainerStatus::paused : store::ContainerStatus::running;
  context.containers().save_state(id, state);
}

}  // namespace coracle::engine
