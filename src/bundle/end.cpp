// SPDX-License-Identifier: Apache-2.0
// kill and delete.
#include <signal.h>

#include "bundle/birth.hpp"
#include "bundle/status.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/process_end.hpp"
#include "coracle/runtime/hooks.hpp"
#include "coracle/runtime/resctrl.hpp"

namespace coracle::bundle {
namespace {

/// Longer than the kernel takes to end a process, even one that dumps core.
constexpr int k_patience_ms = 10000;

bool has_own_pids(const oci::RuntimeSpec& spec) {
  const auto* pids = spec.linux.find_namespace(oci::NamespaceType::pid);
  return pids != nullptr && pids->path.empty();
}

void kill_all(const Record& record, runtime::Cgroup& group, int signal) {
  if (signal == SIGKILL) {
    group.kill();
    return;
  }
  for (const pid_t pid : group.processes()) {
    if (pid != record.process.pid) ::kill(pid, signal);
  }
  linux::send_signal(record.process, signal);
}

void remove_group(const Record& record, const oci::RuntimeSpec& spec) {
  if (record.cgroup.empty()) return;
  const auto group = runtime::open_cgroup(record.cgroup);
  // Others may have the group by now, but for those who have outlived their first process.
  if (!has_own_pids(spec)) group->kill();
  group->remove();
}

void remove_resctrl(const oci::IntelRdt& wanted, const std::string& id) {
  try {
    runtime::remove_resctrl_group(runtime::resctrl_mount_point(), wanted, id);
  } catch (const Error& error) {
    // Without that file system there is no group either.
    if (error.error_class() != ErrorClass::unavailable) throw;
  }
}

}  // namespace

void end_processes(const Record& record) {
  if (!has_process(record)) return;
  linux::send_signal(record.process, SIGKILL);
  if (!record.cgroup.empty()) runtime::open_cgroup(record.cgroup)->kill();
  if (linux::wait_for_end(record.process, k_patience_ms)) return;
  throw Error(ErrorClass::unavailable, "process {} of the container does not die",
              record.process.pid);
}

void remove_remains(const StateDirectory& directory, const Record& record,
                    const oci::RuntimeSpec& spec, bool force) {
  try {
    remove_group(record, spec);
  } catch (const Error& error) {
    if (!force) throw;
    log::warn("{}", error.describe());
  }
  if (spec.linux.intel_rdt) remove_resctrl(*spec.linux.intel_rdt, directory.id());
  directory.remove();
}

void kill(const Place& place, const std::string& id, int signal, KillScope scope) {
  const StateDirectory directory(place.root, id);
  const Record record = directory.load();
  const bool is_alive = has_process(record);
  const bool is_for_all = scope == KillScope::all_processes ||
                          (signal == SIGKILL && !has_own_pids(directory.load_spec()));
  if (is_for_all && !record.cgroup.empty()) {
    const auto group = runtime::open_cgroup(record.cgroup);
    if (is_alive || !group->processes().empty()) {
      kill_all(record, *group, signal);
      return;
    }
  }
  // Who means all is content with none.
  if (!is_alive && scope == KillScope::all_processes) return;
  // Engines look for these words.
  if (!is_alive || !linux::send_signal(record.process, signal)) {
    throw Error(ErrorClass::conflict, "container '{}': container not running", id);
  }
  // A frozen one would not die of it.
  if (signal == SIGKILL && !record.cgroup.empty()) {
    const auto group = runtime::open_cgroup(record.cgroup);
    if (group->is_to_freeze().value_or(false)) group->thaw();
  }
}

namespace {

/// What `load` reads; nothing, for who uses force, when it makes no sense.
template <typename Load>
auto load_for_removal(bool force, Load load) -> decltype(std::optional(load())) {
  try {
    return load();
  } catch (const Error& error) {
    if (!force || error.error_class() != ErrorClass::invalid_argument) throw;
    log::warn("{}", error.describe());
    return std::nullopt;
  }
}

std::optional<Record> load_record(const StateDirectory& directory, bool force) {
  return load_for_removal(force, [&] { return directory.try_load(); });
}

void remove_locked(const StateDirectory& directory, bool force) {
  const auto record = load_record(directory, force);
  if (!record) {
    directory.remove();
    return;
  }
  const auto status = status_of(directory, *record);
  if (!force &&
      (status == oci::ContainerStatus::running || status == oci::ContainerStatus::paused)) {
    throw Error(ErrorClass::conflict, "cannot delete container '{}' that is not stopped: {}",
                directory.id(), oci::to_string(status));
  }
  end_processes(*record);
  const auto spec =
      load_for_removal(force, [&] { return directory.load_spec(); }).value_or(oci::RuntimeSpec{});
  const auto state = state_of(directory, *record, spec, oci::ContainerStatus::stopped);
  remove_remains(directory, *record, spec, force);
  runtime::try_hooks("poststop", spec.hooks.poststop, state);
}

}  // namespace

void remove_ended(const Place& place, const std::string& id,
                  const linux::ProcessIdentity& process) {
  try {
    const auto directory = StateDirectory::lock(place.root, id);
    const auto record = directory.try_load();
    if (record && record->process == process) remove_locked(directory, true);
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::not_found) throw;
  }
}

void remove(const Place& place, const std::string& id, bool force) {
  std::optional<StateDirectory> directory;
  try {
    // Somebody may hold the container's lock until its process is gone.
    if (force) {
      if (const auto record = load_record(StateDirectory(place.root, id), true)) {
        end_processes(*record);
      }
    }
    directory = StateDirectory::lock(place.root, id);
  } catch (const Error& error) {
    if (!force || error.error_class() != ErrorClass::not_found) throw;
    return;
  }
  remove_locked(*directory, force);
}

}  // namespace coracle::bundle
