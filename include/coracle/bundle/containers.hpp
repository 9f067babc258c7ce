// SPDX-License-Identifier: Apache-2.0
// Containers as an OCI runtime has them (runtime-spec runtime.md): a bundle becomes a process, and
// what it takes to find that again lies in a directory of its own below a root that the engine
// which calls chooses. Nothing here knows images, networks or monitors.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "coracle/oci/runtime_resources.hpp"
#include "coracle/oci/runtime_spec.hpp"
#include "coracle/oci/runtime_state.hpp"
#include "coracle/runtime/cgroup.hpp"

namespace coracle::bundle {

/// What holds for all containers of a caller.
struct Place {
  std::string root;            ///< directory of the states
  std::string cgroup_manager;  ///< as runtime::detect_cgroups() takes it; empty: cgroupfs
};
/// $XDG_RUNTIME_DIR/coracle-oci of an ordinary user, /run/coracle-oci of root.
/// @throws Error unavailable for an ordinary user without such a directory
std::string default_root();

/// How a process begins, the first one or one that joins.
struct Start {
  std::string console_socket;  ///< unix socket that takes the terminal's other end; empty: none
  std::string pid_file;        ///< empty: none
  std::string pidfd_socket;    ///< unix socket that takes a pidfd of the process; empty: none
  std::int64_t preserved_fds = 0;
  bool detach = false;  ///< leave it running
};

struct CreateOptions {
  std::string bundle = ".";            ///< directory of the configuration
  std::string config = "config.json";  ///< its name there
  Start start;
  bool no_pivot = false;
  bool no_new_keyring = false;
  bool keep = false;  ///< of run(): what is left of the container stays when it has ended
};

/// Makes a container whose program waits for start().
/// @throws Error conflict if there is one of that id; as runtime::create()
void create(const Place& place, const std::string& id, const CreateOptions& options);
/// create(), start() and, unless it is to be left running, the wait for its end and remove().
/// @returns the program's exit code, 0 for one that was left
int run(const Place& place, const std::string& id, const CreateOptions& options);
/// @throws Error conflict for a container that is not `created`; as runtime::create()
void start(const Place& place, const std::string& id);

enum class KillScope { first_process, all_processes };
/// @throws Error conflict "container not running"
void kill(const Place& place, const std::string& id, int signal, KillScope scope);
/// Removes what is left of a container, and runs its poststop hooks.
/// @param force  one that runs is killed before, and one that is not there is no error
void remove(const Place& place, const std::string& id, bool force);

/// What `state` and `list` show.
struct Container {
  oci::RuntimeState state;
  std::string rootfs;
  std::string created;  ///< RFC 3339
  std::string owner;    ///< of the state: a user's name, or number
};
/// @throws Error not_found "container does not exist"
Container look_at(const Place& place, const std::string& id);
/// By id. What cannot be read is left out with a warning.
std::vector<Container> list(const Place& place);

struct ExecOptions {
  oci::Process process;
  Start start;
  std::string cgroup;          ///< below that of the container; empty: that itself
  bool ignore_paused = false;  ///< wait for its thaw instead of failing
  bool no_new_keyring = false;
};
/// The process of the container's configuration, for what a further one does not say.
oci::Process process_of(const Place& place, const std::string& id);
/// Runs a further process in a container.
/// @returns its exit code, 0 for one that was left
/// @throws Error conflict for a container that has no process; as runtime::exec()
int exec(const Place& place, const std::string& id, const ExecOptions& options);

/// In the caller's pid namespace.
/// @throws Error unavailable without a control group
std::vector<pid_t> processes(const Place& place, const std::string& id);
void pause(const Place& place, const std::string& id);
void resume(const Place& place, const std::string& id);
struct Limits {
  oci::Resources resources;
  std::string l3_cache_schema;  ///< as in oci::IntelRdt
  std::string mem_bw_schema;
};
/// Sets what `limits` names, and leaves the rest.
/// @throws Error conflict for a schema of a container whose configuration has no intelRdt
void update(const Place& place, const std::string& id, const Limits& limits);

runtime::CgroupStats statistics(const Place& place, const std::string& id);
/// Calls `tell` with what the container uses, every `interval`, and at each time that memory ran
/// out in it, until it has ended.
struct Event {
  bool is_oom = false;
  runtime::CgroupStats stats;
};
void watch(const Place& place, const std::string& id, std::chrono::nanoseconds interval,
           const std::function<void(const Event&)>& tell);

struct CheckpointOptions {
  std::string images = "checkpoint";  ///< directory
  std::string work;                   ///< directory of logs; empty: that of the state
  bool leave_running = false;
  bool tcp_established = false;
  bool file_locks = false;
  bool external_sockets = false;
  std::string parent;     ///< of checkpoint(): runtime::CheckpointRequest::parent
  bool pre_dump = false;  ///< of checkpoint(): runtime::CheckpointRequest::pre_dump
};
void checkpoint(const Place& place, const std::string& id, const CheckpointOptions& options);
/// As run(), of what was written down.
int restore(const Place& place, const std::string& id, const CreateOptions& container,
            const CheckpointOptions& options);

}  // namespace coracle::bundle
