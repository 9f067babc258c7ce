// SPDX-License-Identifier: Apache-2.0
// criu brings the processes back. It does so from a process that has prepared what surrounds the
// container as a start does: group, network, root file system, and in a mount namespace of its own
// all that is bound from the host.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/mount.hpp"
#include "coracle/linux/namespaces.hpp"
#include "coracle/linux/resolve.hpp"
#include "runtime/child/mounts.hpp"
#include "runtime/parent/birth.hpp"
#include "runtime/parent/criu.hpp"
#include "runtime/parent/outside.hpp"

namespace coracle::runtime {
namespace {

constexpr const char* k_pid_file = "restore.pid";

bool is_at_or_below(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

/// Where a mount of the checkpoint comes from now.
struct Source {
  const MountStep* step = nullptr;  ///< a bind; nullptr: the host's null device
  std::string rest;                 ///< below that bind, with a slash; empty: the bind itself
};

Source find_source(const ChildPlan& plan, const std::string& mount) {
  Source source;
  for (const auto& step : plan.mounts) {
    if (step.kind != MountStep::Kind::bind || !is_at_or_below(mount, step.target)) continue;
    if (source.step != nullptr && source.step->target.size() > step.target.size()) continue;
    source = {&step, mount.substr(step.target.size())};
  }
  if (source.step != nullptr ||
      std::ranges::find(plan.masked_paths, mount) != plan.masked_paths.end()) {
    return source;
  }
  throw Error(ErrorClass::invalid_argument,
              "the checkpoint has a mount at '{}', which the container has not", mount);
}

/// What criu finds of the host: everything is made in its own mount namespace.
class Surroundings {
 public:
  Surroundings(const CreateRequest& request, const ChildPlan& plan, const Outside& outside)
      : plan_(plan), place_(request.bundle + "/restore") {
    for (const auto& mount : outside.mounts) sources_.push_back(find_source(plan, mount));
    linux::ensure_directory(place_);
  }

  std::string path(std::size_t index) const { return fmt::format("{}/{}", place_, index); }

  /// In the process that becomes criu.
  void make() const {
    if (::unshare(CLONE_NEWNS) != 0) throw SysError("cannot make a mount namespace");
    mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE);
    mount("tmpfs", place_, "tmpfs", 0);
    make_root();
    attach_trees();
    for (std::size_t i = 0; i < sources_.size(); ++i) attach(open_source(sources_[i]), path(i));
  }

 private:
  static void mount(const char* source, const std::string& target, const char* type,
                    unsigned long flags) {
    if (::mount(source, target.c_str(), type, flags, nullptr) != 0) {
      throw SysError("cannot mount '{}'", target);
    }
  }

  void make_root() const {
    const std::string& root = plan_.rootfs.mount_point;
    if (plan_.rootfs.kind == linux::RootfsPlan::Kind::overlay) {
      if (!linux::try_mount_overlay(plan_.rootfs)) {
        throw SysError("cannot mount the root file system on '{}'", root);
      }
    } else {
      // criu wants a mount point.
      mount(root.c_str(), root, nullptr, MS_BIND | MS_REC);
    }
    if (::chdir("/") != 0) throw SysError("cannot enter '/'");
    const linux::Fd inside = linux::open_file(root, O_PATH | O_DIRECTORY);
    const linux::Fd host = linux::open_file("/", O_PATH | O_DIRECTORY);
    make_mount_points({inside.get(), host.get()});
    if (!plan_.readonly_root) return;
    MountAttributes attributes;
    attributes.set = MOUNT_ATTR_RDONLY;
    if (!child::set_attributes(inside.get(), attributes)) {
      throw SysError("cannot make '{}' read-only", root);
    }
  }

  /// Those that are in the root file system itself: a container that has never been started here
  /// has none.
  void make_mount_points(const child::Roots& roots) const {
    std::vector<std::string> made;
    for (const auto& step : plan_.mounts) {
      const bool is_inside_other = std::ranges::any_of(
          made, [&](const auto& target) { return is_at_or_below(step.target, target); });
      if (is_inside_other) continue;
      made.push_back(step.target);
      const linux::Fd place(child::ensure_target(roots, step.target.c_str(), is_file(step)));
      if (!place) throw SysError("cannot make the mount point '{}'", step.target);
    }
  }

  static bool is_file(const MountStep& step) {
    if (step.kind != MountStep::Kind::bind) return false;
    if (step.tree >= 0) return step.target_is_file;
    const auto info = linux::follow_if_exists(step.source);
    if (!info) throw Error(ErrorClass::not_found, "mount source '{}' does not exist", step.source);
    return !S_ISDIR(info->st_mode);
  }

  std::string path_of_tree(const MountStep& step) const {
    return fmt::format("{}/tree-{}", place_, &step - plan_.mounts.data());
  }

  /// What was opened for us is nowhere yet, and cannot be copied so.
  void attach_trees() const {
    for (const auto& step : plan_.mounts) {
      if (step.tree >= 0) attach(linux::duplicate(step.tree), path_of_tree(step));
    }
  }

  /// A mount that is nowhere yet, at a place that is made for it.
  static void attach(const linux::Fd& tree, const std::string& path) {
    struct stat info {};
    if (::fstat(tree.get(), &info) != 0) throw SysError("cannot look at the source of '{}'", path);
    if (S_ISDIR(info.st_mode)) {
      linux::make_directory(path);
    } else {
      linux::write_new_file(path, "");
    }
    const linux::Fd place = linux::open_file(path, O_PATH);
    linux::attach_mount(tree.get(), place.get(), path);
  }

  linux::Fd open_source(const Source& source) const {
    std::string path = "/dev/null";
    if (source.step != nullptr) {
      path = source.step->tree >= 0 ? path_of_tree(*source.step) : source.step->source;
    }
    linux::Fd opened = linux::open_file(path, O_PATH);
    if (!source.rest.empty()) {
      // What the container may change leads nowhere else.
      opened = linux::try_open_no_symlinks(opened.get(), source.rest.substr(1), O_PATH);
      if (!opened) throw SysError("cannot open '{}{}'", path, source.rest);
    }
    return linux::clone_mount(opened.get(), linux::Submounts::left_out, path + source.rest);
  }

  const ChildPlan& plan_;
  std::string place_;
  std::vector<Source> sources_;
};

/// Namespaces that criu itself is to be in: those of others, and those that it does not make.
struct Namespaces {
  std::vector<std::pair<linux::Fd, std::string>> joined;
  bool new_cgroup = false;

  void enter() const {
    for (const auto& [descriptor, name] : joined) {
      if (::setns(descriptor.get(), 0) != 0) throw SysError("cannot join namespace '{}'", name);
    }
    if (new_cgroup && ::unshare(CLONE_NEWCGROUP) != 0) {
      throw SysError("cannot make a cgroup namespace");
    }
  }
};

Namespaces plan_own_namespaces(const NamespacePlan& plan) {
  Namespaces namespaces;
  for (const auto& entry : plan.join) {
    namespaces.joined.emplace_back(linux::open_file(entry.path, O_RDONLY), entry.path);
  }
  if ((plan.create & CLONE_NEWNET) != 0) {
    namespaces.joined.emplace_back(linux::make_network_namespace(), "network");
  }
  namespaces.new_cgroup = (plan.create & CLONE_NEWCGROUP) != 0;
  return namespaces;
}

/// Our pipes in the place of those that the streams were.
void hand_on_streams(const StandardStreams& streams, const Outside& outside, CriuRun& run) {
  const int ours[3] = {streams.input, streams.output, streams.error};
  for (std::size_t i = 0; i < 3; ++i) {
    if (ours[i] < 0 || !outside.streams[i].starts_with("pipe:")) continue;
    run.inherited.push_back(ours[i]);
    run.arguments.emplace_back("--inherit-fd");
    run.arguments.push_back(fmt::format("fd[{}]:{}", ours[i], outside.streams[i]));
  }
}

}  // namespace

std::vector<std::string> outer_mounts(const std::string& images) {
  return load_outside(images).mounts;
}

StartedProcess restore(const RestoreRequest& request) {
  const CreateRequest& container = *request.container;
  const NamespacePlan namespaces = plan_namespaces(container.spec->linux);
  if (namespaces.own_user_namespace || namespaces.joins_pid_namespace) {
    throw Error(ErrorClass::not_implemented,
                "cannot restore a container with a user namespace of its own, or in a pid "
                "namespace of others");
  }
  if (namespaces.create_time || !container.spec->linux.net_devices.empty()) {
    throw Error(
        ErrorClass::not_implemented,
        "cannot restore a container with a time namespace of its own, or with interfaces of "
        "the host's");
  }
  const ChildPlan plan = plan_container(container, namespaces, gather_host_facts());
  const Outside outside = load_outside(request.criu.images);
  const Surroundings surroundings(container, plan, outside);
  const Namespaces own = plan_own_namespaces(namespaces);
  const std::string pid_file = request.criu.work + "/" + k_pid_file;
  linux::remove_file(pid_file);
  CriuRun run;
  run.verb = "restore";
  run.purpose = "restore";
  run.options = request.criu;
  run.log = k_restore_log;
  run.ends_with_parent = true;
  run.arguments = {"--restore-detached",
                   "--restore-sibling",
                   "--root",
                   plan.rootfs.mount_point,
                   "--pidfile",
                   k_pid_file,
                   "--enable-external-masters",
                   "--enable-external-sharing"};
  for (std::size_t i = 0; i < outside.mounts.size(); ++i) {
    run.arguments.emplace_back("--external");
    run.arguments.push_back(
        fmt::format("mnt[{}]:{}", name_of_outer_mount(i), surroundings.path(i)));
  }
  hand_on_streams(container.process.streams, outside, run);
  run_criu(run, request.join_group, [&] {
    own.enter();
    surroundings.make();
  });
  const auto pid = parse_int(trim(linux::read_file(pid_file, 64)));
  linux::remove_file(pid_file);
  if (!pid || *pid <= 1) throw Error(ErrorClass::internal, "criu does not tell what it restored");
  linux::Child process(static_cast<pid_t>(*pid));
  linux::Fd descriptor = process.open_pidfd();
  return {std::move(process), std::move(descriptor)};
}

}  // namespace coracle::runtime
