// SPDX-License-Identifier: Apache-2.0
// The processes of a container, written to files and brought back from them by the program criu(8).
// What is outside of the container comes back as what is there then: bind mounts, standard streams,
// network, control group.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coracle/linux/process.hpp"
#include "coracle/runtime/container.hpp"

namespace coracle::runtime {

/// Where it logs, and leaves statistics.
inline constexpr std::string_view k_dump_log = "dump.log";
inline constexpr std::string_view k_restore_log = "restore.log";
/// What shows that a directory of images is complete: written last.
inline constexpr std::string_view k_inventory = "inventory.img";

/// @throws Error unavailable without criu, and for one that is too old
void require_criu();

struct CriuOptions {
  std::string images;  ///< directory
  std::string work;    ///< directory of logs and statistics
  bool file_locks = false;
  bool tcp_established = false;  ///< connections, too; without it they are a reason to fail
  /// Unix sockets whose other end is outside, too: they come back without one. Else a reason to
  /// fail.
  bool external_sockets = false;
};

struct CheckpointRequest {
  CriuOptions criu;
  linux::ProcessIdentity target;   ///< the container's first process
  linux::ProcessIdentity monitor;  ///< in whose mount namespace all is that came from outside
  /// Namespaces that are not the container's own, or are made anew for it: "net", "cgroup", …, as
  /// /proc/PID/ns has them.
  std::vector<std::string> outer_namespaces;
  bool leave_running = false;
  /// Images of a pre-dump before, as a path from criu.images: only memory that has changed since is
  /// written. Empty: all of it.
  std::string parent = {};
  bool pre_dump = false;  ///< writes memory only, for a later checkpoint, and leaves it running
  /// Descriptor of a lock that is held as long as criu writes, also when this process is killed;
  /// -1: none.
  int lock = -1;
};
/// Writes the processes down, and kills them unless they are left running. When that fails they go
/// on. criu goes on by itself should this process be killed.
/// @throws Error unavailable with what criu says
void checkpoint(const CheckpointRequest& request);

/// The places inside of mounts that came from outside, as checkpoint() has noted them.
/// @throws Error not_found or invalid_argument for images that it has not written
std::vector<std::string> outer_mounts(const std::string& images);

struct RestoreRequest {
  CriuOptions criu;
  /// How the container would be created; its process is the one that was written down.
  const CreateRequest* container = nullptr;
  /// Puts the process that the others come from into the control group.
  std::function<void(pid_t)> join_group;
};
/// Brings the processes back; the first one is a child of this single-threaded process, and runs.
/// @throws Error unavailable with what criu says; invalid_argument for images that do not fit the
///         container
StartedProcess restore(const RestoreRequest& request);

/// What criu measured; times in microseconds. In the order of podman's documents.
struct CriuStatistics {
  struct Value {
    std::string_view name;  ///< "freezing_time"
    std::uint64_t value = 0;
  };
  std::vector<Value> values;
};
/// Of the file stats-dump or stats-restore in a work directory; nothing where it is missing or
/// unreadable.
CriuStatistics read_dump_statistics(const std::string& work);
CriuStatistics read_restore_statistics(const std::string& work);

}  // namespace coracle::runtime
