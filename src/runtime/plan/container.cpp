// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>

#include "coracle/base/error.hpp"
#include "runtime/plan/plan.hpp"

namespace coracle::runtime {

int clone_flag(oci::NamespaceType type) noexcept {
  switch (type) {
    case oci::NamespaceType::pid: return CLONE_NEWPID;
    case oci::NamespaceType::network: return CLONE_NEWNET;
    case oci::NamespaceType::mount: return CLONE_NEWNS;
    case oci::NamespaceType::ipc: return CLONE_NEWIPC;
    case oci::NamespaceType::uts: return CLONE_NEWUTS;
    case oci::NamespaceType::user: return CLONE_NEWUSER;
    case oci::NamespaceType::cgroup: return CLONE_NEWCGROUP;
    case oci::NamespaceType::time: return CLONE_NEWTIME;
  }
  return 0;
}

NamespacePlan plan_namespaces(const oci::LinuxConfig& config) {
  NamespacePlan plan;
  for (const auto& entry : config.namespaces) {
    if (entry.path.empty() && entry.type == oci::NamespaceType::time) {
      plan.create_time = true;
    } else if (entry.path.empty()) {
      plan.create |= clone_flag(entry.type);
    } else {
      plan.join.push_back(entry);
    }
  }
  plan.own_user_namespace = (plan.create & CLONE_NEWUSER) != 0;
  const auto is_user = [](const oci::Namespace& entry) {
    return entry.type == oci::NamespaceType::user;
  };
  std::ranges::stable_partition(plan.join, is_user);
  plan.joins_user_namespace = !plan.join.empty() && is_user(plan.join.front());
  plan.joins_pid_namespace = std::ranges::any_of(
      plan.join, [](const oci::Namespace& entry) { return entry.type == oci::NamespaceType::pid; });
  return plan;
}

std::string sysctl_path(std::string_view name) {
  const bool dotted = name.find('.') < name.find('/');
  std::string path(name);
  if (dotted) {
    for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
  }
  if (("/" + path + "/").find("/../") != std::string::npos) {
    throw Error(ErrorClass::invalid_argument, "invalid sysctl name '{}'", name);
  }
  return "/proc/sys/" + path;
}

namespace {

/// Whether /dev is a directory of the host: nothing is made in there.
bool shares_devices(const ChildPlan& plan) {
  return std::ranges::any_of(plan.mounts, [](const MountStep& step) {
    return step.target == "/dev" && step.kind == MountStep::Kind::bind;
  });
}

/// SELinux' label for the files of a file system that holds none itself (mount(8), "context=").
void label_mount(const std::string& label, MountStep& step) {
  const bool takes_label = step.type == "tmpfs" || step.type == "devpts" || step.type == "mqueue";
  if (label.empty() || step.kind != MountStep::Kind::file_system || !takes_label) return;
  if (step.data.find("context=") != std::string::npos) return;
  if (!step.data.empty()) step.data += ',';
  step.data += "context=\"" + label + "\"";
}

}  // namespace

ChildPlan plan_container(const CreateRequest& request, const NamespacePlan& namespaces,
                         const HostFacts& facts) {
  const oci::RuntimeSpec& spec = *request.spec;
  if (!spec.process) throw Error(ErrorClass::invalid_argument, "the configuration has no process");
  request.chroot_only ? check_chroot(spec) : check_container(spec);
  ChildPlan plan;
  plan.own_user_namespace = namespaces.own_user_namespace;
  plan.joins_user_namespace = namespaces.joins_user_namespace;
  // A pid namespace takes effect for children only; in that of a user the others are made; and a
  // new one of a user has no rights over those of others.
  plan.joins_before_birth = namespaces.joins_pid_namespace || namespaces.joins_user_namespace ||
                            (namespaces.own_user_namespace && !namespaces.join.empty());
  plan.wait_for_parent = namespaces.own_user_namespace || request.process.before_setup != nullptr ||
                         spec.linux.intel_rdt;
  plan.new_network = (namespaces.create & CLONE_NEWNET) != 0;
  plan.new_time_namespace = namespaces.create_time;
  plan.time_offsets = plan_time_offsets(spec.linux);
  plan.waits_for_interfaces = !spec.linux.net_devices.empty();
  plan.own_names = (namespaces.create & CLONE_NEWUTS) != 0;
  plan.hostname = spec.hostname;
  plan.domainname = spec.domainname;
  plan.own_mounts = (namespaces.create & CLONE_NEWNS) != 0;
  plan.chroot_only = request.chroot_only;
  plan.root_propagation = parse_propagation(spec.linux.rootfs_propagation);
  if (request.rootfs) {
    plan.rootfs = *request.rootfs;
  } else if (spec.root) {
    plan.rootfs.mount_point =
        spec.root->path.starts_with('/') ? spec.root->path : request.bundle + "/" + spec.root->path;
  } else {
    throw Error(ErrorClass::invalid_argument, "the configuration has no root");
  }
  plan.readonly_root = spec.root && spec.root->readonly;
  plan.pivot = !request.no_pivot;
  for (const auto& entry : request.appended) plan.appended.emplace_back(entry.path, entry.text);
  for (const auto& mount : spec.mounts) {
    plan.mounts.push_back(plan_mount(mount, request.bundle));
    label_mount(spec.linux.mount_label, plan.mounts.back());
    for (const auto& opened : request.opened) {
      if (opened.source != mount.source) continue;
      if (!opened.destination.empty() && opened.destination != mount.destination) continue;
      plan.mounts.back().tree = opened.tree;
      plan.mounts.back().target_is_file = opened.is_file;
      plan.mounts.back().fill = opened.fill;
    }
  }
  // What cannot be made cannot be bound either, in a chroot.
  plan.make_nodes =
      request.chroot_only || (!facts.in_user_namespace && !namespaces.own_user_namespace &&
                              !namespaces.joins_user_namespace);
  if (!shares_devices(plan)) plan_devices(spec.linux, plan);
  for (const auto& [name, value] : spec.linux.sysctl) {
    plan.sysctls.emplace_back(sysctl_path(name), value);
  }
  plan.masked_paths = spec.linux.masked_paths;
  plan.readonly_paths = spec.linux.readonly_paths;
  plan.process = plan_process(*spec.process, request.process, facts);
  plan.process.create_working_directory = request.create_working_directory;
  plan.process.first = request.first;
  plan_common_attributes(spec.linux, plan.process);
  // As crun has it, and podman asks for it (--group-add keep-groups).
  const auto keep = spec.annotations.find("run.oci.keep_original_groups");
  if (keep != spec.annotations.end() && keep->second == "1") plan.process.keep_groups = true;
  const oci::Hooks& hooks = spec.hooks;
  plan.wait_when_mounted =
      !hooks.prestart.empty() || !hooks.create_runtime.empty() || !hooks.create_container.empty();
  plan.visible_when_ready = request.visible_while_held;
  plan.start_listener = request.start_listener;
  plan.wait_when_ready = request.wait_for_start || !hooks.start_container.empty();
  if (!hooks.create_container.empty() || !hooks.start_container.empty()) {
    plan.shown_namespaces = namespaces.create | (namespaces.create_time ? CLONE_NEWTIME : 0);
    for (const auto& entry : namespaces.join) plan.shown_namespaces |= clone_flag(entry.type);
  }
  return plan;
}

}  // namespace coracle::runtime
