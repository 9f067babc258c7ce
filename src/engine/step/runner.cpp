// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <utility>

#include "coracle/archive/layers.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/scope_exit.hpp"
#include "coracle/engine/steps.hpp"
#include "coracle/linux/cancellable_wait.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/interruption.hpp"
#include "coracle/linux/process_end.hpp"
#include "coracle/linux/process_tree.hpp"
#include "coracle/runtime/cgroup.hpp"
#include "coracle/runtime/container.hpp"
#include "engine/container/chroot/chroot.hpp"
#include "engine/container/limits/group.hpp"
#include "engine/container/machine/machine.hpp"
#include "engine/container/machine/outer_container.hpp"
#include "engine/container/machine/root_emulation.hpp"
#include "engine/container/machine/seccomp.hpp"
#include "engine/container/resolve/resolve.hpp"
#include "engine/network/name_files.hpp"
#include "engine/spec/spec.hpp"
#include "engine/step/mount_points.hpp"
#include "engine/step/network.hpp"
#include "engine/step/rootfs.hpp"
#include "engine/storage_driver.hpp"

namespace coracle::engine {
namespace {

constexpr std::size_t k_largest_file = 1U << 20;

/// Of the files that a step begins with; "" if it is not there.
std::string read_lower_file(const StepFiles& files, const std::string& path) {
  const linux::Fd file = archive::open_in_layers(files.lower, path, O_RDONLY | O_NONBLOCK);
  return file ? linux::read_all(file.get(), k_largest_file) : "";
}

void remove_quietly(runtime::Cgroup& cgroup) noexcept {
  try {
    if (!cgroup.path().empty()) cgroup.remove();
  } catch (const std::exception& error) {
    log::info("a control group is left behind: {}", error.what());
  }
}

/// As the manager takes it; empty: where it likes.
std::string control_group(const std::string& parent, const std::string& id) {
  if (parent.empty()) return "";
  return parent.ends_with(".slice") ? parent + ":coracle:" + id : parent + "/" + id;
}

/// @throws linux::Interrupted, and kills it
void wait_for_end(linux::Child& process, const linux::Cancellation& cancellation) {
  try {
    linux::await_readable(process.open_pidfd().get(), cancellation.fd());
  } catch (const linux::Interrupted&) {
    process.kill();
    throw;
  }
}

std::string network_option(StepNetwork network) {
  switch (network) {
    case StepNetwork::usual: return "";
    case StepNetwork::none: return "none";
    case StepNetwork::host: return "host";
  }
  return "";
}

/// Where nothing can be mounted, files are in the places of mounts while the program runs.
int run_in_chroot(const store::ContainerConfig& config, const StepFiles& files,
                  const SpecFacts& facts, oci::RuntimeSpec& spec, runtime::CreateRequest& request,
                  const linux::Cancellation& cancellation) {
  const std::string& root = request.rootfs->mount_point;
  const std::string aside = files.directory + "/aside";
  request.chroot_only = true;
  const auto placed = leave_out_mounts(facts, spec);
  settle_filters(config, *spec.process, request.process);
  linux::adopt_descendants();
  const ScopeExit take_back([&] {
    try {
      take_back_files(root, aside);
    } catch (const std::exception& error) {
      log::warn("files of the engine are left in a step: {}", error.what());
    }
  });
  const ScopeExit end_all([] { linux::end_descendants(); });
  place_files(root, aside, placed);
  runtime::StartedProcess started = runtime::create(request);
  wait_for_end(started.process, cancellation);
  return linux::exit_code_of(started.process.wait());
}

}  // namespace

struct StepRunner::State {
  Context& context;
  ContainerRequest common;
  std::optional<BuildNetwork> network;  ///< made when the first program needs it
  bool is_told = false;                 ///< that programs will be chroots

  ContainerRequest request_for(const StepFiles& files, const StepProgram& program) const;
  store::ContainerConfig config_for(const StepFiles& files, const StepProgram& program) const;
  SpecFacts facts_for(const StepFiles& files, const StepProgram& program,
                      const store::ContainerConfig& config) const;
};

ContainerRequest StepRunner::State::request_for(const StepFiles& files,
                                                const StepProgram& program) const {
  ContainerRequest request = common;
  request.rootfs = true;
  request.image = files.directory + "/merged";
  request.entrypoint = "";
  request.command = program.arguments;
  // Only pairs count: a bare key or a pattern in an image must not fetch anything from the host.
  std::ranges::copy_if(program.image.env, std::back_inserter(request.env), [](const auto& entry) {
    return entry.find('=') != std::string::npos && !entry.starts_with('=');
  });
  request.env.insert(request.env.end(), program.env.begin(), program.env.end());
  // Nothing that is different each time, or that a build elsewhere would not see.
  request.unset_env = {"container"};
  request.user = program.image.user;
  request.working_directory = program.image.working_dir;
  request.passwd = false;
  request.privileged = program.insecure;
  // The layers below have the owners of the engine's namespace.
  request.user_namespace = "host";
  const std::string option = network_option(program.network);
  if (!option.empty()) request.networks = {option};
  return request;
}

store::ContainerConfig StepRunner::State::config_for(const StepFiles& files,
                                                     const StepProgram& program) const {
  store::ContainerConfig config = resolve_request(context, request_for(files, program), {});
  for (const auto& mount : config.mounts) {
    if (mount.type != "volume" && mount.type != "image" && !mount.overlay && !mount.idmapped) {
      continue;
    }
    throw Error(ErrorClass::not_implemented,
                "builds mount directories of the host only: '{}' is no such", mount.destination);
  }
  if (const Error* lack = context.lack_of_namespaces(); lack && !program.mounts.empty()) {
    refuse_mount(*lack, program.mounts.front().target);
  }
  for (const auto& mount : program.mounts) {
    const bool is_bind = mount.kind == StepMount::Kind::bind;
    std::vector<std::string> options = mount.options;
    if (mount.read_only) options.emplace_back("ro");
    config.mounts.push_back(
        {is_bind ? "bind" : "tmpfs", mount.source, mount.target, std::move(options), false});
  }
  return config;
}

SpecFacts StepRunner::State::facts_for(const StepFiles& files, const StepProgram& program,
                                       const store::ContainerConfig& config) const {
  SpecFacts facts = look_at_machine(context, config);
  warn_of_missing_user(context, config);
  facts.passwd = read_lower_file(files, "etc/passwd");
  facts.group = read_lower_file(files, "etc/group");
  NetworkFacts connection;
  if (network && network->exists() && program.network == StepNetwork::usual) {
    facts.network_namespace = fmt::format("/proc/self/fd/{}", network->name_space());
    connection = network->facts();
  }
  const auto write = [&](const char* name, const std::string& text) {
    const std::string path = files.directory + "/" + name;
    linux::write_new_file(path, text, 0644);
    return path;
  };
  if (!config.no_hosts) {
    facts.hosts_path = write(
        "hosts",
        hosts_text(config, connection, linux::read_file_if_exists("/etc/hosts").value_or("")));
  }
  facts.resolv_conf_path =
      write("resolv.conf", resolv_conf_text(config, connection, read_host_resolv_conf()));
  const auto has_directory = [&](const std::string& path) {
    return archive::open_in_layers(files.lower, path, O_RDONLY | O_DIRECTORY).valid();
  };
  add_emulation_files(context, config, has_directory, write, facts);
  return facts;
}

StepRunner::StepRunner(Context& context, ContainerRequest common)
    : state_(new State{context, std::move(common), {}, false}) {
  if (context.lack_of_namespaces() == nullptr) warn_of_covered_proc(context);
}

StepRunner::~StepRunner() = default;

void StepRunner::begin_network() {
  if (state_->context.lack_of_namespaces() != nullptr) {
    require_way_to_run(state_->context);
    if (!std::exchange(state_->is_told, true)) warn_of_chroot(state_->context);
    return;
  }
  if (!state_->network) state_->network.emplace(state_->context, state_->common);
}

void StepRunner::await_network(const linux::Cancellation* cancellation) {
  if (state_->network) state_->network->await(cancellation != nullptr ? cancellation->fd() : -1);
}

std::vector<int> StepRunner::kept() const {
  if (!state_->network || !state_->network->exists()) return {};
  return {state_->network->name_space()};
}

int StepRunner::run(const StepFiles& files, const StepProgram& program) {
  // From now on whoever ends this process has to wait until it has cleaned up.
  linux::Interruption interruption;
  Context& context = state_->context;
  require_way_to_run(context);
  const store::ContainerConfig config = state_->config_for(files, program);
  const SpecFacts facts = state_->facts_for(files, program, config);
  oci::RuntimeSpec spec = plan_spec(config, facts);
  std::erase(spec.process->env, "HOSTNAME=" + config.hostname);
  linux::RootfsPlan rootfs = plan_step_rootfs(context, files);
  std::optional<StepRoot> mounted;
  if (rootfs.kind == linux::RootfsPlan::Kind::fuse_overlayfs) {
    mounted.emplace(context, files);
    rootfs.kind = linux::RootfsPlan::Kind::directory;
  }
  // What a build runs is not worth a unit of systemd's.
  const bool no_cgroup = context.config().cgroup_manager == "disabled";
  const auto support = runtime::detect_cgroups(no_cgroup ? "disabled" : "cgroupfs");
  warn_of_lost_limits(spec.linux.resources, support, context.config().pids_limit);
  const auto manager = runtime::make_cgroup_manager(support);
  const auto limits = sort_limits(spec.linux.resources, context.config().pids_limit);
  const auto cgroup = manager->create(control_group(state_->common.cgroup_parent, config.id),
                                      config.id, limits.asked);
  cgroup->apply(limits.usual, runtime::ImpossibleLimits::are_passed_over);
  const ScopeExit remove_cgroup([&] { remove_quietly(*cgroup); });
  const auto filter = load_seccomp_filter(context, config, *spec.process->capabilities);

  runtime::CreateRequest request;
  request.spec = &spec;
  request.id = config.id;
  request.bundle = files.directory;
  request.rootfs = rootfs;
  request.process.streams = {program.input, program.output, program.error};
  request.process.seccomp = filter ? &*filter : nullptr;
  const auto root_emulation =
      load_root_emulation(context, config, spec.process->user, has_single_id(context, config));
  request.process.root_emulation = root_emulation ? &*root_emulation : nullptr;
  request.process.keep_groups = cannot_set_groups(context);
  request.process.cgroup = cgroup->unified_fd();
  request.process.ends_with_parent = true;
  if (!cgroup->path().empty()) {
    request.process.before_setup = [&](pid_t pid) { cgroup->join(pid, cgroup->unified_fd() >= 0); };
  }
  request.create_working_directory = true;
  if (config.is_chroot) {
    return run_in_chroot(config, files, facts, spec, request, interruption.cancellation());
  }
  const bool is_copy = choose_driver(context) == config::k_vfs;
  const MountPoints mount_points(files, spec.mounts,
                                 is_copy ? MountPoints::Tree::copy : MountPoints::Tree::changes);
  runtime::StartedProcess started = runtime::create(request);
  wait_for_end(started.process, interruption.cancellation());
  const int status = linux::exit_code_of(started.process.wait());
  mounted.reset();
  mount_points.remove_from(files.directory + "/diff");
  return status;
}

void StepRunner::keep(const StepFiles& files, const StepProgram& program, const KeptStep& kept) {
  StepProgram shell = program;
  shell.arguments = kept.command;
  shell.env.emplace_back("TERM=xterm");
  store::ContainerConfig config = state_->config_for(files, shell);
  config.name = kept.name;
  config.terminal = config.interactive = true;
  config.labels["io.coracle.build.failed"] = kept.title;
  config.rootfs_path.clear();
  config.driver = choose_driver(state_->context);
  for (const auto& layer : kept.layers) config.layers.push_back(layer.str());
  state_->context.containers().create(config, [&](const std::string& upper) {
    linux::rename_path(files.directory + "/diff", upper);
  });
}

}  // namespace coracle::engine
