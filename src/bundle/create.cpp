// SPDX-License-Identifier: Apache-2.0
// create, start and run.
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bundle/birth.hpp"
#include "bundle/notify.hpp"
#include "bundle/status.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/unix_socket.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::bundle {
namespace {

void end_after_failure(const Record& record) noexcept {
  try {
    end_processes(record);
  } catch (const std::exception& error) {
    log::warn("{}", error.what());
  }
}

}  // namespace

std::string default_root() {
  const char* runtime = ::getenv("XDG_RUNTIME_DIR");
  const bool has_runtime = runtime != nullptr && *runtime == '/';
  const bool is_root = ::geteuid() == 0;
  // Root of a user namespace may be an ordinary user, as podman's is.
  if (is_root && (!has_runtime || !linux::in_user_namespace())) return "/run/coracle-oci";
  if (has_runtime) return std::string(runtime) + "/coracle-oci";
  Error error(ErrorClass::unavailable, "there is no directory for the states of containers");
  throw Error(error.set_hint("set XDG_RUNTIME_DIR, or give --root"));
}

void create(const Place& place, const std::string& id, const CreateOptions& options) {
  CreateOptions left = options;
  left.start.detach = true;
  Birth birth(place, id, left);
  birth.outlive_this_process();
  runtime::StartedProcess started = runtime::create(birth.request());
  birth.note(started);
  birth.finish();
  started.leave();
}

void start(const Place& place, const std::string& id) {
  auto directory = StateDirectory::lock(place.root, id);
  const Record record = directory.load();
  const auto spec = directory.load_spec();
  const auto status = status_of(directory, record);
  if (status != oci::ContainerStatus::created) {
    throw Error(ErrorClass::conflict, "cannot start a container that is {}: '{}'",
                oci::to_string(status), id);
  }
  const linux::Fd process = linux::open_pidfd(record.process);
  Readiness readiness(directory);
  linux::Fd connection = linux::connect_unix_socket(directory.start_socket(), SOCK_SEQPACKET);
  try {
    runtime::start_left(std::move(connection), spec.hooks,
                        state_of(directory, record, spec, status));
  } catch (...) {
    // runtime.md, "Lifecycle": whose hooks fail is stopped, also by those that come after it runs.
    end_after_failure(record);
    throw;
  }
  linux::remove_file(directory.start_socket());
  // Others may change it, and end it, meanwhile.
  directory.unlock();
  readiness.wait_and_hand_over(process.get(), record.process.pid);
}

int run(const Place& place, const std::string& id, const CreateOptions& options) {
  int exit_code = 0;
  linux::ProcessIdentity process;
  {
    Birth birth(place, id, options);
    runtime::StartedProcess started = runtime::create(birth.request());
    birth.note(started);
    process = birth.process();
    Readiness readiness(birth.directory());
    started.start();
    birth.finish();
    birth.unlock();
    if (options.start.detach) {
      readiness.wait_and_hand_over(started.pidfd.get(), started.process.release());
      return 0;
    }
    exit_code = wait_attached(started, &readiness);
  }
  if (!options.keep) remove_ended(place, id, process);
  return exit_code;
}

}  // namespace coracle::bundle
