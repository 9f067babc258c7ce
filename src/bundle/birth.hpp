// SPDX-License-Identifier: Apache-2.0
// What create, run and restore share: a bundle becomes a process that holds before its program.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bundle/group.hpp"
#include "bundle/state_directory.hpp"
#include "bundle/stream.hpp"
#include "coracle/bundle/containers.hpp"
#include "coracle/runtime/container.hpp"
#include "coracle/runtime/seccomp.hpp"

namespace coracle::bundle {

/// A container in the making. Unless it was finished, nothing of it stays.
class Birth {
 public:
  /// @param restored  runtime::outer_mounts() of processes that are brought back; nullptr: a
  ///                  program begins
  /// @throws Error conflict if there is one of that id
  Birth(const Place& place, const std::string& id, const CreateOptions& options,
        const std::vector<std::string>* restored = nullptr);
  ~Birth();
  Birth(const Birth&) = delete;
  Birth& operator=(const Birth&) = delete;

  /// The process waits for start_left() once this one has left it.
  void outlive_this_process();
  const runtime::CreateRequest& request() noexcept { return request_; }
  runtime::Cgroup& group() noexcept { return *group_.group; }

  /// Notes the process, and gives the caller what it wanted.
  void note(runtime::StartedProcess& started);
  /// It is a container now.
  void finish() noexcept { is_finished_ = true; }
  /// Others may change it while this process goes on.
  void unlock() noexcept { directory_.unlock(); }

  const StateDirectory& directory() const noexcept { return directory_; }
  /// What note() has noted.
  const linux::ProcessIdentity& process() const noexcept { return record_.process; }

 private:
  void prepare(const CreateOptions& options, const std::vector<std::string>* restored);
  void make_request(const CreateOptions& options);
  void discard() noexcept;

  Place place_;
  std::string bundle_;
  oci::RuntimeSpec spec_;
  StateDirectory directory_;
  Receiver receiver_;
  Group group_;
  Record record_;
  std::optional<runtime::SeccompProgram> seccomp_;
  linux::Fd listener_;
  runtime::CreateRequest request_;
  bool is_finished_ = false;
};

/// The filter of a configuration, from a cache below the root.
std::optional<runtime::SeccompProgram> load_filter(const Place& place,
                                                   const oci::RuntimeSpec& spec);

/// Removes what is left of a container whose first process was this one and has ended. One that
/// somebody has made since by that name stays.
void remove_ended(const Place& place, const std::string& id, const linux::ProcessIdentity& process);

/// Ends its first process and those of its control group, whatever they do, and waits for it.
/// @throws Error unavailable if it does not end
void end_processes(const Record& record);

/// What is left of a container that has no process any more, its directory last.
/// @param force  a control group that cannot be removed is told of, and left
void remove_remains(const StateDirectory& directory, const Record& record,
                    const oci::RuntimeSpec& spec, bool force);

}  // namespace coracle::bundle
