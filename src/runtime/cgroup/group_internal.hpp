// SPDX-License-Identifier: Apache-2.0
// A container's group in the file systems of the kernel.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "coracle/runtime/cgroup.hpp"
#include "runtime/cgroup/control_file_internal.hpp"
#include "runtime/cgroup/hierarchy_internal.hpp"
#include "runtime/cgroup/settings_internal.hpp"

namespace coracle::runtime::cgroup {

/// The hierarchies that groups are made in.
struct Tree {
  std::string unified;  ///< where v2 is mounted, or empty
  std::vector<LegacyHierarchy> legacy;
  std::string base;
  bool rootless = false;
};

class FileGroup final : public Cgroup {
 public:
  FileGroup(std::shared_ptr<const Tree> tree, std::string path)
      : tree_(std::move(tree)), path_(std::move(path)) {}

  /// Makes the directories.
  void make();
  /// Removes those that make() has made, if there is nothing in them.
  void discard() noexcept;
  /// Opens unified_fd(), if the group exists.
  void open();

  const std::string& path() const noexcept override { return path_; }
  int unified_fd() const noexcept override { return unified_.get(); }
  void join(pid_t pid, bool cloned_into_unified) override;
  void prepare_join() override;
  void apply(const oci::Resources& resources, ImpossibleLimits impossible) override;
  void freeze() override;
  void thaw() override;
  bool frozen() const override;
  std::optional<bool> is_to_freeze() const override;
  void kill() override;
  std::vector<pid_t> processes() const override;
  CgroupStats stats() const override;
  linux::Fd watch_memory() const override;
  std::uint64_t oom_kills() const override;
  void remove(std::chrono::milliseconds patience) override;

 private:
  bool has_unified() const noexcept { return !tree_->unified.empty(); }
  std::string unified_directory() const { return tree_->unified + path_; }
  /// The directory in the v1 hierarchy of a controller; empty if there is none.
  std::string legacy_directory(std::string_view controller) const;
  /// Where the files of a controller are, whichever version has it.
  std::string directory_of(std::string_view controller) const;
  /// The directory whose members count: v2's where there is one.
  std::string membership_directory() const;

  std::set<std::string> legacy_controllers() const;
  void let_in(const std::string& directory, pid_t pid);
  void write_settings(std::vector<Setting> settings, ImpossibleLimits impossible);
  int try_write_setting(const Setting& setting);
  void apply_devices(const std::vector<oci::DeviceRule>& rules);
  void set_frozen(bool frozen);

  std::shared_ptr<const Tree> tree_;
  std::string path_;
  linux::Fd unified_;
  std::vector<std::string> made_;              ///< by make(), parents first
  std::map<std::string, linux::Fd> prepared_;  ///< by directory
  mutable ControlFiles files_;                 ///< of stats()
  bool enabled_controllers_ = false;           ///< handed down from the parents once already
};

}  // namespace coracle::runtime::cgroup
