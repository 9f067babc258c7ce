// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "bundle/birth.hpp"
#include "bundle/environment.hpp"
#include "bundle/status.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/strings.hpp"

namespace coracle::bundle {
namespace {

void require_answering(const StateDirectory& directory, const Record& record,
                       const ExecOptions& options) {
  const auto status = status_of(directory, record);
  if (status == oci::ContainerStatus::stopped || status == oci::ContainerStatus::creating) {
    throw Error(ErrorClass::conflict, "cannot exec in a {} container: '{}'", oci::to_string(status),
                directory.id());
  }
  if (status == oci::ContainerStatus::paused && !options.ignore_paused) {
    throw Error(ErrorClass::conflict,
                "cannot exec in a paused container (use --ignore-paused to override): '{}'",
                directory.id());
  }
}

/// Where the process is to be, and how it comes there.
class GroupOfProcess {
 public:
  GroupOfProcess(const Record& record, const std::string& below, runtime::ProcessOptions& options)
      : record_(record) {
    if (record.cgroup.empty()) return;
    const std::string path = below.empty() ? runtime::group_below(record.cgroup, record.process.pid)
                                           : record.cgroup + "/" + below;
    group_ = runtime::open_group_for_exec(path, record.process, !record.unit.empty(), options);
    options.before_setup = [this, is_born_there = options.cgroup >= 0](pid_t pid) {
      join_group(record_, *group_, pid, is_born_there);
    };
  }
  GroupOfProcess(const GroupOfProcess&) = delete;
  GroupOfProcess& operator=(const GroupOfProcess&) = delete;

 private:
  const Record& record_;
  std::unique_ptr<runtime::Cgroup> group_;
};

}  // namespace

oci::Process process_of(const Place& place, const std::string& id) {
  const StateDirectory directory(place.root, id);
  (void)directory.load();
  const auto spec = directory.load_spec();
  if (spec.process) return *spec.process;
  throw Error(ErrorClass::invalid_argument, "the configuration of '{}' has no process", id);
}

int exec(const Place& place, const std::string& id, const ExecOptions& options) {
  const StateDirectory directory(place.root, id);
  const Record record = directory.load();
  require_answering(directory, record, options);
  const auto spec = directory.load_spec();
  oci::Process process = options.process;
  if (spec.process && !process.capabilities) process.capabilities = spec.process->capabilities;
  if (spec.process && !process.user.umask) process.user.umask = spec.process->user.umask;
  complete_process(process, passwd_of_process(record.process.pid));
  const auto seccomp = load_filter(place, spec);

  runtime::ExecRequest request;
  request.target = record.process;
  request.process = &process;
  request.container = &spec.linux;
  request.state = state_of(directory, record, spec, oci::ContainerStatus::running);
  request.options.seccomp = seccomp ? &*seccomp : nullptr;
  request.options.preserved_fds = options.start.preserved_fds;
  request.options.new_keyring = !options.no_new_keyring;
  const GroupOfProcess group(record, options.cgroup, request.options);
  // It may have to become root of the container's user namespace.
  Receiver receiver(options.start, process.terminal, PidFile::from_the_beginning);
  try {
    runtime::StartedProcess started = runtime::exec(request);
    receiver.take(started);
    if (!options.start.detach) return wait_attached(started);
    (void)started.process.release();
    return 0;
  } catch (...) {
    receiver.withdraw();
    throw;
  }
}

}  // namespace coracle::bundle
