// SPDX-License-Identifier: Apache-2.0
// What the monitor of a container does at the turning points of its life.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include "coracle/engine/context.hpp"
#include "coracle/engine/user_namespace.hpp"
#include "coracle/monitor/launch.hpp"
#include "coracle/runtime/cgroup.hpp"
#include "engine/container/life/restore_plan.hpp"
#include "engine/container/limits/group.hpp"
#include "engine/container/mounts/mount_sources.hpp"
#include "engine/network/container_network.hpp"
#include "engine/spec/spec.hpp"

namespace coracle::engine {

class ContainerLifecycle final : public monitor::Lifecycle {
 public:
  /// @param notify_directory  of the socket that the monitor relays from; may be empty
  /// @param lock              the container's, which is let go once it is started
  ContainerLifecycle(Context& context, store::ContainerConfig config, std::string notify_directory,
                     linux::Fd lock);

  /// Its first start brings processes back. Before the monitor is launched.
  void restore_from(RestorePlan plan) { restore_ = std::move(plan); }

  void prepare() override;
  std::vector<linux::Fd*> kept() override;
  void terminal_resized(linux::WindowSize size) override { window_ = size; }
  runtime::StartedProcess create(const runtime::StandardStreams& streams, bool is_held) override;
  void prepared(pid_t pid) override;
  void started(pid_t pid) override;
  void ended() noexcept override;
  bool exited(int exit_code) override;
  void will_restart() override;
  void about_to_start() override;
  bool may_restart() override;
  void start_failed(const Error& error) noexcept override;
  void finished() noexcept override;
  void cleaned_up() noexcept override;
  monitor::Alarms alarms() const noexcept override;
  void alarmed(int alarm) noexcept override;
  monitor::HealthVerdict check_health(bool is_first) override;
  void reload(monitor::LaunchPlan& plan) override;

 private:
  linux::RootfsPlan plan_root();
  void settle_in_chroot(const SpecFacts& facts, oci::RuntimeSpec& spec,
                        runtime::CreateRequest& request);
  void end_chroot() noexcept;
  SpecFacts gather_facts();
  std::string find_shared_memory(const SpecFacts& facts);
  void plan_user_namespace(oci::LinuxConfig& linux_config) const;
  /// What plan_spec() gives, and what only this machine and this start know of.
  oci::RuntimeSpec complete_spec(const SpecFacts& facts) const;
  std::string read_base_hosts() const;
  bool shares_files(SpecFacts& facts);
  void write_files(SpecFacts& facts);
  void give_sources_to_user(const oci::User& user);
  /// @param spec  lives as long as the request
  runtime::CreateRequest request_for(const oci::RuntimeSpec& spec, const SpecFacts& facts);
  void make_cgroup(const oci::Resources& resources);
  void remove_cgroup() noexcept;
  void run_poststop() noexcept;
  void unmount_here() noexcept;
  runtime::StartedProcess bring_back(const runtime::CreateRequest& request, SpecFacts& facts);
  bool note_checkpoint(int exit_code);
  void note_process(pid_t pid);
  void note_oom() noexcept;
  void end_waiting() noexcept;
  bool is_restarted() const noexcept;
  void record_end(int exit_code, const std::string& error);
  void keep_descriptor_limit(std::vector<oci::Rlimit>& limits) const;
  oci::Hooks load_hooks(const oci::RuntimeSpec& spec) const;
  const runtime::SeccompProgram* load_seccomp(const oci::Capabilities& capabilities);

  Context& context_;
  store::ContainerConfig config_;
  ContainerId id_;
  std::string notify_directory_;
  linux::Fd lock_;  ///< while it is being started
  NamespaceEntry namespace_entry_;
  bool is_mounted_here_ = false;       ///< the root file system, not in the container alone
  bool oom_killed_ = false;            ///< in the run that has ended last
  bool oom_seen_ = false;              ///< in this run, while it went on
  linux::Fd adopted_watch_;            ///< of a chroot: processes of it may have ended
  linux::Fd memory_watch_;             ///< of its group, where that goes before it can be read
  pid_t file_server_ = -1;             ///< fuse-overlayfs
  std::string joined_user_namespace_;  ///< its path; empty: one of its own, or the engine's
  ContainerNetwork network_;
  bool first_start_ = true;
  bool is_held_ = false;      ///< prepared, and not started yet
  bool stays_ = true;         ///< after its end
  linux::WindowSize window_;  ///< of the client's terminal, once known
  MountSources sources_;
  linux::Fd shared_memory_;  ///< the /dev/shm of the container whose IPC namespace is joined
  GroupPlace group_place_;
  std::unique_ptr<runtime::Cgroup> cgroup_;
  std::optional<runtime::SeccompProgram> seccomp_;
  std::optional<runtime::SeccompProgram> root_emulation_;
  std::vector<oci::Hook> poststop_;
  store::ContainerState state_;
  std::string grave_;
  std::optional<RestorePlan> restore_;  ///< until it has been followed
};

}  // namespace coracle::engine
