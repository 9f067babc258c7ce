// SPDX-License-Identifier: Apache-2.0
#include "engine/container/exec/exec_plan.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/terminal.hpp"
#include "engine/container/chroot/chroot.hpp"
#include "engine/container/limits/group.hpp"
#include "engine/container/machine/root_emulation.hpp"
#include "engine/container/machine/seccomp.hpp"
#include "engine/container/mounts/image_file.hpp"
#include "engine/container/record/status.hpp"
#include "engine/request/variables.hpp"
#include "engine/secret/container_secrets.hpp"
#include "engine/spec/spec.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {
namespace {

/// The container's own process, with what the request changes.
/// @param has_single_id  whether its user namespace has one
oci::Process plan_exec(Context& context, store::ContainerConfig config, const ExecRequest& request,
                       bool has_single_id) {
  SpecFacts facts;
  facts.passwd = read_image_file(context, config, "etc/passwd");
  facts.group = read_image_file(context, config, "etc/group");
  facts.has_single_id = config.id_mappings.empty() && has_single_id;
  config.entrypoint.clear();
  config.command = request.command;
  config.terminal = request.terminal;
  if (!request.user.empty()) config.user = request.user;
  if (!request.working_directory.empty()) config.working_directory = request.working_directory;
  if (request.privileged) {
    config.capabilities = linux::capability_names(linux::all_capabilities());
  }
  add_secret_variables(context, config, config.env);
  if (request.terminal) set_variable(config.env, "TERM=xterm");
  for (const auto& file : request.env_files) set_variables(config.env, read_env_file(file));
  std::vector<std::string> given;
  for (const auto& entry : request.env) {
    if (entry.find('=') != std::string::npos) {
      given.push_back(entry);
    } else if (const char* value = ::getenv(entry.c_str())) {
      given.push_back(entry + "=" + value);
    }
  }
  set_variables(config.env, given);
  oci::Process process = plan_process(config, facts);
  if (request.terminal) {
    if (const auto size = linux::window_size(STDOUT_FILENO)) {
      process.console_size = oci::ConsoleSize{size->rows, size->columns};
    }
  }
  return process;
}

/// Whether nobody in the process's user namespace may set groups (user_namespaces(7)).
bool denies_groups(pid_t pid) {
  const auto rule = linux::read_file_if_exists(fmt::format("/proc/{}/setgroups", pid));
  return rule && rule->starts_with("deny");
}

void require_answering(const store::ContainerConfig& config, const store::ContainerState& state) {
  require_started(config, state, "create exec sessions on");
  if (state.status == store::ContainerStatus::paused) {
    throw Error(ErrorClass::conflict, "container {} is paused: unpause it before exec", config.id);
  }
}

}  // namespace

ExecPlan::ExecPlan(Context& context, const store::ContainerConfig& config,
                   const store::ContainerState& state, const ExecRequest& request) {
  require_answering(config, state);
  // What the container has, whatever this process could make now.
  const bool is_single = linux::is_single_id(linux::mappings_of(state.process.pid));
  process_ = plan_exec(context, config, request, is_single);
  if (!request.privileged) {
    seccomp_ = load_seccomp_filter(context, config, *process_.capabilities);
  }
  exec_.target = state.process;
  exec_.process = &process_;
  if (!config.personality.empty()) linux_.personality = {config.personality, {}};
  exec_.container = &linux_;
  exec_.state = {std::string(oci::k_runtime_spec_version),
                 config.id,
                 oci::ContainerStatus::running,
                 state.process.pid,
                 context.containers().run_directory(ContainerId(config.id)),
                 config.annotations};
  exec_.options.seccomp = seccomp_ ? &*seccomp_ : nullptr;
  root_emulation_ = load_root_emulation(context, config, process_.user, is_single);
  exec_.options.root_emulation = root_emulation_ ? &*root_emulation_ : nullptr;
  if (config.is_chroot) {
    exec_.chroot = plan_rootfs(context, config).mount_point;
    // Who joins a user namespace has all capabilities there.
    if (!runtime::enters_user_namespace(state.process)) {
      settle_filters(config, process_, exec_.options);
    }
  }
  exec_.options.preserved_fds = request.preserved_fds;
  exec_.options.keep_groups = keeps_groups(config) || denies_groups(state.process.pid);
  if (state.cgroup.empty()) return;
  // One that has groups of its own, as systemd makes them, cannot have processes beside them.
  cgroup_ = runtime::open_group_for_exec(runtime::group_below(state.cgroup, state.process.pid),
                                         state.process, !state.cgroup_unit.empty(), exec_.options);
  exec_.options.before_setup = [this, state](pid_t pid) {
    join_group(state, *cgroup_, pid, exec_.options.cgroup >= 0);
  };
}

runtime::StartedProcess ExecPlan::start(const runtime::StandardStreams& streams,
                                        bool ends_with_parent) {
  exec_.options.streams = streams;
  exec_.options.ends_with_parent = ends_with_parent;
  return runtime::exec(exec_);
}

}  // namespace coracle::engine
