// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "coracle/archive/layers.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/json_value.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/base/time.hpp"
#include "coracle/engine/containers.hpp"
#include "coracle/linux/capabilities.hpp"
#include "coracle/linux/user_database.hpp"
#include "coracle/oci/platform.hpp"
#include "engine/container/resolve.hpp"
#include "engine/container/state.hpp"
#include "engine/request/options.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {
namespace {

using store::ContainerConfig;

store::NamespaceMode mode_of(NamespaceOption::Mode mode) {
  switch (mode) {
    case NamespaceOption::Mode::private_: return store::NamespaceMode::private_;
    case NamespaceOption::Mode::host: return store::NamespaceMode::host;
    case NamespaceOption::Mode::container: return store::NamespaceMode::container;
    case NamespaceOption::Mode::path: return store::NamespaceMode::path;
    case NamespaceOption::Mode::none: return store::NamespaceMode::none;
  }
  return store::NamespaceMode::private_;
}

store::ContainerNamespace resolve_namespace(Context& context, std::string_view text,
                                            std::string_view option) {
  NamespaceOption parsed = parse_namespace(text, option);
  if (parsed.mode == NamespaceOption::Mode::container) {
    parsed.value = context.containers().find(parsed.value).str();
  }
  return {mode_of(parsed.mode), std::move(parsed.value)};
}

void require_platform(const ContainerRequest& request, const oci::ImageConfig& image) {
  if (request.platform.empty()) return;
  const oci::Platform offered =
      oci::normalize({image.os, image.architecture, image.variant, {}, {}});
  if (oci::matches(oci::parse_platform(request.platform), offered)) return;
  throw Error(ErrorClass::not_found, "{}: no image for platform {}, only for {}", request.image,
              request.platform, oci::to_string(offered));
}

void resolve_image(Context& context, const ContainerRequest& request, ContainerConfig& config,
                   oci::ContainerConfig& image_config) {
  if (request.rootfs) {
    char* real = ::realpath(request.image.c_str(), nullptr);
    if (real == nullptr) throw SysError("cannot use '{}' as a root file system", request.image);
    config.rootfs_path = real;
    ::free(real);
    return;
  }
  if (request.pull == PullPolicy::always) {
    throw Error(ErrorClass::not_implemented,
                "--pull=always is not supported: there are no registries yet");
  }
  auto summary = context.images().try_find(request.image);
  if (!summary) {
    Error error(ErrorClass::not_found, "{}: image not known", request.image);
    error.set_hint("pulling from a registry is not available yet: load or import the image first");
    throw error;
  }
  const store::Image image = context.images().load(*summary);
  require_platform(request, image.config);
  config.image_id = summary->id;
  config.image_digest = summary->manifest.str();
  config.image_name = store::chosen_name(*summary, request.image);
  for (auto diff_id = image.config.diff_ids.rbegin(); diff_id != image.config.diff_ids.rend();
       ++diff_id) {
    config.layers.push_back(diff_id->str());
  }
  image_config = image.config.config;
}

void resolve_command(const ContainerRequest& request, const oci::ContainerConfig& image,
                     ContainerConfig& config) {
  if (request.entrypoint) {
    const std::string& text = *request.entrypoint;
    if (text.starts_with('[')) {
      const Json parsed = parse_json(text, "--entrypoint");
      for (const Json& word : parsed) {
        if (!word.is_string()) {
          throw Error(ErrorClass::invalid_argument, "invalid --entrypoint '{}'", text);
        }
        config.entrypoint.push_back(word.get<std::string>());
      }
    } else if (!text.empty()) {
      config.entrypoint = {text};
    }
  } else if (image.entrypoint) {
    config.entrypoint = *image.entrypoint;
  }
  config.command = request.command;
  // Another entry point makes the image's arguments meaningless.
  if (config.command.empty() && !request.entrypoint && image.cmd) config.command = *image.cmd;
  if (config.entrypoint.empty() && config.command.empty()) {
    throw Error(ErrorClass::invalid_argument,
                "no command or entrypoint provided, and no CMD or ENTRYPOINT from image");
  }
}

void resolve_process(Context& context, const ContainerRequest& request,
                     const oci::ContainerConfig& image, ContainerConfig& config) {
  resolve_command(request, image, config);
  config.env = resolve_environment(context.config(), request, image.env, config.terminal);
  config.user = request.user.empty() ? image.user : request.user;
  config.groups = request.groups;
  config.working_directory = !request.working_directory.empty() ? request.working_directory
                             : !image.working_dir.empty()       ? image.working_dir
                                                                : "/";
  if (!config.working_directory.starts_with('/')) {
    throw Error(ErrorClass::invalid_argument,
                "the working directory '{}' is invalid, it needs to be an absolute path",
                config.working_directory);
  }
  config.interactive = request.interactive;
  config.init = request.init || context.config().init;
  const std::string& signal = request.stop_signal.empty() ? image.stop_signal : request.stop_signal;
  if (!signal.empty()) config.stop_signal = parse_signal(signal);
  config.stop_timeout = request.stop_timeout.value_or(context.config().stop_timeout);
  config.timeout = request.timeout;
  config.umask = request.umask.empty() ? context.config().umask : request.umask;
  const auto mask = parse_int(config.umask, 8);
  if (!mask || *mask < 0 || *mask > 0777) {
    throw Error(ErrorClass::invalid_argument, "invalid umask string '{}'", config.umask);
  }
  config.preserved_fds = request.preserved_fds;
  config.oom_score_adjustment = request.oom_score_adjustment;
  std::vector<std::string> limits = context.config().default_ulimits;
  limits.insert(limits.end(), request.ulimits.begin(), request.ulimits.end());
  for (const auto& text : limits) {
    auto limit = parse_ulimit(text);
    if (!limit) continue;
    std::erase_if(config.ulimits,
                  [&](const oci::Rlimit& known) { return known.type == limit->type; });
    config.ulimits.push_back(*std::move(limit));
  }
}

void resolve_labels(const ContainerRequest& request, const oci::ContainerConfig& image,
                    ContainerConfig& config) {
  config.labels = image.labels;
  std::vector<std::string> labels;
  for (const auto& file : request.label_files) {
    for (auto& line : split(linux::read_file(file, 1U << 20), '\n')) {
      if (!trim(line).empty() && line[0] != '#') labels.push_back(std::move(line));
    }
  }
  labels.insert(labels.end(), request.labels.begin(), request.labels.end());
  for (auto& [key, value] : parse_key_values(labels, "label")) config.labels[key] = value;
  config.annotations = parse_key_values(request.annotations, "annotation");
}

/// Whom the container's /etc/passwd is to know: with keep-id the user itself.
void resolve_host_users(const ContainerRequest& request, ContainerConfig& config) {
  config.add_users = request.passwd && !request.rootfs;
  config.passwd_entry = request.passwd_entry;
  config.group_entry = request.group_entry;
  const bool keeps_id = config.user_namespace.starts_with("keep-id");
  if (request.host_users.empty() && !keeps_id) return;
  const auto passwd = linux::read_file_if_exists("/etc/passwd").value_or("");
  for (const auto& name : request.host_users) {
    auto entry = linux::find_user_by_name(passwd, name);
    const auto uid = parse_int(name);
    if (!entry && uid) entry = linux::find_user_by_uid(passwd, static_cast<uid_t>(*uid));
    if (!entry) throw Error(ErrorClass::not_found, "no user \"{}\" on the host", name);
    config.host_users.push_back({entry->name, entry->uid, entry->gid, entry->home});
  }
  if (!keeps_id) return;
  const auto self = linux::find_user_by_uid(passwd, ::getuid());
  const bool kept = self && linux::map_outside(config.id_mappings.uids, self->uid) == 0U;
  if (kept) config.host_users.push_back({self->name, self->uid, self->gid, self->home});
}

void resolve_names(const config::Config& settings, const ContainerRequest& request,
                   ContainerConfig& config) {
  const bool own_names = config.uts.mode == store::NamespaceMode::private_;
  if (!request.hostname.empty() && !own_names) {
    throw Error(ErrorClass::invalid_argument,
                "cannot set hostname when joining another UTS namespace: invalid configuration");
  }
  config.hostname = !request.hostname.empty() ? request.hostname : short_id(config.id);
  if (config.uts.mode == store::NamespaceMode::host) {
    char name[256] = {};
    ::gethostname(name, sizeof name - 1);
    config.hostname = name;
  }
  config.domain_name = request.domain_name;
  for (const auto& text : request.add_hosts) {
    const HostOption host = parse_add_host(text);
    for (const auto& name : host.names) {
      config.hosts.emplace_back(name, host.address == "host-gateway" ? "127.0.0.1" : host.address);
    }
  }
  config.dns = request.dns.empty() ? settings.dns_servers : request.dns;
  config.dns_search = request.dns_search.empty() ? settings.dns_searches : request.dns_search;
  config.dns_options = request.dns_options.empty() ? settings.dns_options : request.dns_options;
  config.no_hosts = request.no_hosts;
  config.no_hostname = request.no_hostname;
}

void resolve_keeping(Context& context, const ContainerRequest& request, ContainerConfig& config) {
  config.auto_remove = request.auto_remove;
  const RestartOption restart = parse_restart(request.restart);
  if (restart.policy == "on-failure") config.restart = store::RestartPolicy::on_failure;
  if (restart.policy == "always") config.restart = store::RestartPolicy::always;
  if (restart.policy == "unless-stopped") config.restart = store::RestartPolicy::unless_stopped;
  config.restart_retries = restart.maximum_retries;
  if (config.auto_remove && config.restart != store::RestartPolicy::no) {
    throw Error(ErrorClass::invalid_argument, "the --rm option conflicts with --restart");
  }
  config.log_driver = request.log_driver.empty() ? context.config().log_driver : request.log_driver;
  constexpr std::array k_drivers = {"json-file", "k8s-file", "none", "passthrough"};
  if (std::ranges::find(k_drivers, config.log_driver) == k_drivers.end()) {
    throw Error(
        ErrorClass::invalid_argument,
        "log driver '{}' is not supported: expected json-file, k8s-file, none or passthrough",
        config.log_driver);
  }
  require_log_options(config.log_driver, request.log_options);
  config.log_options = request.log_options;
  config.sdnotify = request.sdnotify;
  constexpr std::array k_sdnotify = {"container", "conmon", "ignore"};
  if (std::ranges::find(k_sdnotify, config.sdnotify) == k_sdnotify.end()) {
    throw Error(ErrorClass::invalid_argument,
                "invalid sdnotify value \"{}\": expected container, conmon or ignore",
                config.sdnotify);
  }
  config.cidfile = request.cidfile;
  config.pidfile = request.pidfile;
}

void resolve_isolation(Context& context, const ContainerRequest& request, ContainerConfig& config) {
  config.privileged = request.privileged;
  const auto resolve_one = [&](const std::string& asked, const std::string& usual,
                               std::string_view option) {
    return resolve_namespace(context, asked.empty() ? usual : asked, option);
  };
  const config::Config& settings = context.config();
  config.pid = resolve_one(request.pid_namespace, settings.pid_namespace, "--pid");
  config.ipc = resolve_one(request.ipc_namespace, settings.ipc_namespace, "--ipc");
  config.uts = resolve_one(request.uts_namespace, settings.uts_namespace, "--uts");
  config.cgroup = resolve_one(request.cgroup_namespace, settings.cgroup_namespace, "--cgroupns");
  config.network = resolve_network(context, request.networks);
  constexpr std::array k_cgroups = {"", "enabled", "disabled", "no-conmon"};
  if (std::ranges::find(k_cgroups, request.cgroups) == k_cgroups.end()) {
    throw Error(ErrorClass::invalid_argument,
                "invalid --cgroups '{}': expected enabled, disabled or no-conmon", request.cgroups);
  }
  config.cgroups_disabled = request.cgroups == "disabled";
  resolve_capabilities(context.config(), request, config);
  const SecurityOptions security = parse_security_options(request.security_options);
  config.security_options = request.security_options;
  config.seccomp = security.seccomp.empty() ? context.config().seccomp_profile : security.seccomp;
  if (!config.seccomp.empty() && config.seccomp != "unconfined" && !linux::exists(config.seccomp)) {
    throw Error(ErrorClass::invalid_argument, "opening seccomp profile failed: '{}' does not exist",
                config.seccomp);
  }
  config.apparmor = security.apparmor.empty() ? settings.apparmor_profile : security.apparmor;
  config.no_new_privileges = security.no_new_privileges;
  if (linux::exists("/sys/fs/selinux/enforce")) config.selinux_label = security.selinux_label;
  config.proc_options = security.proc;
  config.mask = security.mask;
  config.unmask = security.unmask;
  config.sysctls = parse_key_values(request.sysctls, "sysctl");
  config.sysctls.merge(parse_key_values(settings.default_sysctls, "sysctl"));
  resolve_user_namespace(context, request, config);
  resolve_resources(context, request, config);
}

ContainerConfig resolve(Context& context, const ContainerRequest& request) {
  ContainerConfig config;
  config.id = random_id();
  config.name = request.name.empty() ? random_name() : request.name;
  require_valid_name(config.name);
  config.created = format_rfc3339_local(now());
  config.create_command = request.create_command;
  config.terminal = request.terminal;
  oci::ContainerConfig image;
  resolve_image(context, request, config, image);
  resolve_process(context, request, image, config);
  resolve_labels(request, image, config);
  resolve_isolation(context, request, config);
  resolve_host_users(request, config);
  resolve_names(context.config(), request, config);
  resolve_mounts(context, request, image, config);
  config.read_only = request.read_only;
  config.read_only_tmpfs = request.read_only_tmpfs;
  config.shm_size = request.shm_size.empty() ? context.config().shm_size
                                             : parse_size_option(request.shm_size, "--shm-size");
  resolve_keeping(context, request, config);
  config.driver = config.rootfs_path.empty() ? choose_driver(context) : "";
  return config;
}

void write_cidfile(const ContainerConfig& config) {
  if (config.cidfile.empty()) return;
  try {
    linux::write_new_file(config.cidfile, config.id, 0644);
  } catch (const SysError& error) {
    if (error.code() != EEXIST) throw;
    throw Error(ErrorClass::conflict,
                "container id file exists. Ensure another container is not using it or delete {}",
                config.cidfile);
  }
}

void fill_vfs(Context& context, const ContainerConfig& config, const std::string& upper) {
  const linux::Fd directory = linux::open_file(upper, O_RDONLY | O_DIRECTORY);
  archive::copy_layers(layer_directories(context, config), directory.get(), config.id_mappings);
}

}  // namespace

ContainerId create_container(Context& context, const ContainerRequest& request) {
  // Until the container is there nothing tells that its layers are needed.
  const auto adding = context.images().adding();
  // Of two at once that look for free ids the second sees the record of the first.
  std::optional<linux::FileLock> ids;
  if ((request.user_namespace + context.config().user_namespace).find("auto") !=
      std::string::npos) {
    linux::ensure_directory(context.config().runroot);
    ids = linux::FileLock::acquire(context.config().runroot + "/ids.lock",
                                   linux::FileLock::Mode::exclusive);
  }
  ContainerConfig config = resolve(context, request);
  if (!config.cidfile.empty() && linux::exists(config.cidfile)) write_cidfile(config);
  if (request.replace && request.name.empty()) {
    throw Error(ErrorClass::invalid_argument, "cannot replace container without --name being set");
  }
  if (request.replace) {
    if (const auto old = context.containers().try_find(request.name)) {
      remove_container(context, *old, {true, 0});
    }
  }
  std::function<void(const std::string&)> fill;
  if (config.driver == config::k_vfs) {
    context.enter_namespace();
    fill = [&](const std::string& upper) { fill_vfs(context, config, upper); };
  }
  // A generated name may be taken: another is as good.
  for (int attempt = 0;; ++attempt) {
    try {
      context.containers().create(config, fill);
      break;
    } catch (const Error& error) {
      const bool again = request.name.empty() && error.error_class() == ErrorClass::conflict;
      if (!again || attempt > 20) throw;
      config.name = random_name() + random_hex(2);
    }
  }
  write_cidfile(config);
  return ContainerId(config.id);
}

}  // namespace coracle::engine
