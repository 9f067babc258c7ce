// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/scope_exit.hpp"
#include "coracle/linux/file.hpp"
#include "runtime/cgroup/group_internal.hpp"
#include "runtime/cgroup/path_internal.hpp"

namespace coracle::runtime {
namespace {

using cgroup::FileGroup;

/// Nothing in a frozen group would ever become a container.
void require_thawed(const FileGroup& group, const std::string& container_id) {
  if (!group.is_to_freeze().value_or(false) && !group.frozen()) return;
  Error error(ErrorClass::conflict, "the control group '{}' for container '{}' is frozen",
              group.path(), container_id);
  throw Error(error.set_hint("thaw it, or choose another"));
}

/// Writes the files of the kernel itself, also in what systemd has made.
class FileManager final : public CgroupManager {
 public:
  explicit FileManager(const CgroupSupport& support) : kind_(support.manager) {
    auto tree = std::make_shared<cgroup::Tree>();
    tree->unified = cgroup::unified_directory(support.layout);
    tree->base = support.base;
    tree->rootless = support.rootless;
    if (support.layout != CgroupLayout::unified) {
      tree->legacy = cgroup::writable_hierarchies(
          cgroup::parse_memberships(linux::read_file("/proc/self/cgroup")));
    }
    tree_ = std::move(tree);
  }

  CgroupManagerKind kind() const noexcept override { return kind_; }

  std::unique_ptr<Cgroup> create(const std::string& path, const std::string& container_id,
                                 const oci::Resources& resources) override {
    auto group =
        std::make_unique<FileGroup>(tree_, cgroup::group_path(path, container_id, tree_->base));
    ScopeExit discard([&] { group->discard(); });
    group->make();
    require_thawed(*group, container_id);
    group->apply(resources, ImpossibleLimits::fail);
    discard.release();
    return group;
  }

  std::unique_ptr<Cgroup> open(const std::string& path) override {
    auto group = std::make_unique<FileGroup>(tree_, path);
    group->open();
    return group;
  }

 private:
  CgroupManagerKind kind_;
  std::shared_ptr<const cgroup::Tree> tree_;
};

/// A container that stays in the group of whoever started it.
class NoCgroup final : public Cgroup {
 public:
  explicit NoCgroup(const CgroupSupport& support)
      : reason_(support.reason),
        refuses_(support.layout == CgroupLayout::unified && !support.is_switched_off) {}

  const std::string& path() const noexcept override { return path_; }
  int unified_fd() const noexcept override { return -1; }
  void join(pid_t, bool) override {}
  void prepare_join() override {}
  void apply(const oci::Resources& resources, ImpossibleLimits impossible) override {
    oci::Resources limits = resources;
    // Without a group the modes of the device nodes rule alone.
    limits.devices.clear();
    if (!refuses_ || impossible == ImpossibleLimits::are_passed_over) return;
    if (limits == oci::Resources{}) return;
    Error error(ErrorClass::unavailable, "cannot set limits: {}", reason_);
    throw Error(error.set_hint(std::string(cgroup::k_delegation_hint)));
  }
  void freeze() override { refuse("pause"); }
  void thaw() override { refuse("unpause"); }
  bool frozen() const override { return false; }
  std::optional<bool> is_to_freeze() const override { return std::nullopt; }
  void kill() override {}
  std::vector<pid_t> processes() const override { return {}; }
  CgroupStats stats() const override { return {}; }
  linux::Fd watch_memory() const override { return {}; }
  std::uint64_t oom_kills() const override { return 0; }
  void remove(std::chrono::milliseconds) override {}

 private:
  [[noreturn]] void refuse(const char* what) const {
    throw Error(ErrorClass::unavailable, "cannot {} a container without a control group: {}", what,
                reason_);
  }

  std::string path_;
  std::string reason_;
  bool refuses_;
};

class NoManager final : public CgroupManager {
 public:
  explicit NoManager(CgroupSupport support) : support_(std::move(support)) {}
  CgroupManagerKind kind() const noexcept override { return CgroupManagerKind::disabled; }
  std::unique_ptr<Cgroup> create(const std::string&, const std::string&,
                                 const oci::Resources& resources) override {
    auto group = std::make_unique<NoCgroup>(support_);
    group->apply(resources, ImpossibleLimits::fail);
    return group;
  }
  std::unique_ptr<Cgroup> open(const std::string&) override {
    return std::make_unique<NoCgroup>(support_);
  }

 private:
  CgroupSupport support_;
};

}  // namespace

std::unique_ptr<CgroupManager> make_cgroup_manager(const CgroupSupport& support) {
  if (support.manager == CgroupManagerKind::disabled) return std::make_unique<NoManager>(support);
  return std::make_unique<FileManager>(support);
}

std::string group_below(const std::string& group, pid_t process) {
  const auto text = linux::read_file_if_exists(fmt::format("/proc/{}/cgroup", process));
  const auto memberships = cgroup::parse_memberships(text.value_or(""));
  const bool is_below = memberships.size() == 1 && memberships.front().controllers.empty() &&
                        memberships.front().path.starts_with(group + "/");
  return is_below ? memberships.front().path : group;
}

std::unique_ptr<Cgroup> open_cgroup(const std::string& path) {
  const auto support = detect_cgroups();
  // A group that systemd has made can be looked at and frozen from where none could be made.
  const bool is_there =
      support.layout == CgroupLayout::unified || support.manager != CgroupManagerKind::disabled;
  if (!is_there || path.empty()) return NoManager(support).open(path);
  return FileManager(support).open(path);
}

}  // namespace coracle::runtime
