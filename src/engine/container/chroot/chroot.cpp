// SPDX-License-Identifier: Apache-2.0
#include "engine/container/chroot/chroot.hpp"

#include <algorithm>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/capabilities.hpp"
#include "coracle/linux/user_namespace_trial.hpp"
#include "engine/request/options.hpp"

namespace coracle::engine {
namespace {

[[noreturn]] void refuse(const Error& lack, const std::string& what) {
  Error error(ErrorClass::unavailable, "{} cannot be had: containers are chroots here", what);
  throw Error(error.set_hint(lack.hint()));
}

/// @param option  as it was given
/// @param value   of it, which becomes the host's
void take_hosts(const Error& lack, const char* option, std::string& value) {
  if (!value.empty() && value != "host") refuse(lack, std::string(option) + "=" + value);
  value = "host";
}

}  // namespace

bool can_run_in_chroot(const Context& context) {
  if (context.config().chroot_fallback == "never") return false;
  return !context.is_in_namespace() || linux::holds_capability("sys_chroot");
}

void require_way_to_run(Context& context) {
  const Error* lack = context.lack_of_namespaces();
  if (lack != nullptr && !can_run_in_chroot(context)) throw Error(*lack);
}

void warn_of_chroot(Context& context) {
  const Error* lack = context.lack_of_namespaces();
  if (lack == nullptr) return;
  log::warn(
      "nothing can be mounted here: containers are chroots, which share this machine's processes, "
      "network and mounts; see `coracle system doctor`");
}

void fit_to_chroot(const Error& lack, ContainerRequest& request) {
  take_hosts(lack, "--pid", request.pid_namespace);
  take_hosts(lack, "--ipc", request.ipc_namespace);
  take_hosts(lack, "--uts", request.uts_namespace);
  take_hosts(lack, "--cgroupns", request.cgroup_namespace);
  take_hosts(lack, "--userns", request.user_namespace);
  if (request.networks.empty()) request.networks = {"host"};
  for (auto& network : request.networks) take_hosts(lack, "--network", network);
  const auto refuse_if = [&](bool is_asked, const char* what) {
    if (is_asked) refuse(lack, what);
  };
  refuse_if(!request.pod.empty() || request.is_infra, "a pod");
  refuse_if(!request.uid_maps.empty() || !request.gid_maps.empty() ||
                !request.subuid_name.empty() || !request.subgid_name.empty(),
            "a map of ids");
  refuse_if(request.read_only, "--read-only");
  refuse_if(!request.devices.empty(), "--device");
  refuse_if(!request.init_path.empty(), "--init-path");
  refuse_if(!request.shm_size.empty(), "--shm-size");
  refuse_if(!request.chroot_directories.empty(), "--chrootdirs");
  refuse_if(request.systemd == "always", "--systemd=always");
  request.systemd = "false";
  const auto security = parse_security_options(request.security_options);
  refuse_if(!security.mask.empty(), "--security-opt mask");
  refuse_if(!security.proc.empty(), "--security-opt proc-opts");
  // They are directories of the container then.
  const bool keeps_volumes = request.is_given("image-volume") && request.image_volume != "ignore";
  refuse_if(keeps_volumes, "--image-volume");
  request.image_volume = "ignore";
  // Its socket would be mounted.
  refuse_if(request.is_given("sdnotify") && request.sdnotify == "container",
            "--sdnotify=container");
  if (request.sdnotify == "container") request.sdnotify = "conmon";
}

void refuse_mount(const Error& lack, const std::string& destination) {
  refuse(lack, "a mount on '" + destination + "'");
}

void require_no_mounts(const Error& lack, const store::ContainerConfig& config) {
  if (!config.mounts.empty()) refuse_mount(lack, config.mounts.front().destination);
  const auto file =
      std::ranges::find(config.secrets, false, &store::ContainerSecret::in_environment);
  if (file != config.secrets.end()) refuse(lack, "secret '" + file->name + "' as a file");
}

void require_layers(const Error& lack, const store::ContainerConfig& config) {
  if (!config.rootfs_path.empty()) refuse(lack, "--rootfs");
}

std::vector<PlacedFile> leave_out_mounts(const SpecFacts& facts, oci::RuntimeSpec& spec) {
  std::vector<PlacedFile> files;
  const auto place = [&](const std::string& source, const std::string& destination) {
    if (!source.empty()) files.push_back({source, destination});
  };
  place(facts.hosts_path, "/etc/hosts");
  place(facts.resolv_conf_path, "/etc/resolv.conf");
  place(facts.hostname_path, "/etc/hostname");
  place(facts.containerenv_path, "/run/.containerenv");
  for (const auto& [source, destination] : facts.emulation_files) place(source, destination);
  spec.mounts.clear();
  spec.linux.namespaces.clear();
  spec.linux.devices.clear();
  spec.linux.masked_paths.clear();
  spec.linux.readonly_paths.clear();
  return files;
}

void settle_filters(const store::ContainerConfig& config, oci::Process& process,
                    runtime::ProcessOptions& options) {
  if (linux::holds_capability("sys_admin") || process.no_new_privileges) return;
  const bool is_usual = config.seccomp.empty() && options.root_emulation == nullptr;
  if (is_usual && linux::is_filtered()) options.seccomp = nullptr;
  process.no_new_privileges = options.seccomp != nullptr || options.root_emulation != nullptr;
}

}  // namespace coracle::engine
