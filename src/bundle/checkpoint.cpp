// SPDX-License-Identifier: Apache-2.0
#include "coracle/runtime/checkpoint.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "bundle/birth.hpp"
#include "bundle/status.hpp"
#include "coracle/base/error.hpp"
#include "coracle/linux/user_namespace.hpp"

namespace coracle::bundle {
namespace {

runtime::CriuOptions criu_options(const CheckpointOptions& options, const std::string& work) {
  return {linux::absolute_path(options.images),
          options.work.empty() ? work : linux::absolute_path(options.work), options.file_locks,
          options.tcp_established, options.external_sockets};
}

/// What criu neither writes down nor makes, because it is another's or comes back anew.
std::vector<std::string> outer_namespaces(const oci::RuntimeSpec& spec) {
  std::vector<std::string> names = {"net", "cgroup"};
  const auto is_own = [&](oci::NamespaceType type) {
    const auto* entry = spec.linux.find_namespace(type);
    return entry != nullptr && entry->path.empty();
  };
  if (!is_own(oci::NamespaceType::ipc)) names.emplace_back("ipc");
  if (!is_own(oci::NamespaceType::uts)) names.emplace_back("uts");
  return names;
}

/// criu has no name for a terminal whose other end is held elsewhere.
void require_possible(const oci::RuntimeSpec& spec, const CheckpointOptions& options) {
  if (spec.process && spec.process->terminal) {
    throw Error(ErrorClass::not_implemented, "cannot checkpoint a container with a terminal");
  }
  if (options.parent.starts_with('/')) {
    throw Error(ErrorClass::invalid_argument,
                "--parent-path '{}' is not relative to the directory of --image-path",
                options.parent);
  }
}

/// The caller's streams, out of the way of criu's own.
class Streams {
 public:
  Streams() {
    for (int fd = 0; fd < 3; ++fd) {
      if (::fcntl(fd, F_GETFD) >= 0) copies_[fd] = linux::duplicate(fd);
    }
  }
  runtime::StandardStreams get() const {
    return {copies_[0].get(), copies_[1].get(), copies_[2].get()};
  }

 private:
  std::array<linux::Fd, 3> copies_;
};

void require_root() {
  if (::geteuid() == 0 && !linux::in_user_namespace()) return;
  throw Error(ErrorClass::permission_denied, "checkpointing a container requires root");
}

}  // namespace

void checkpoint(const Place& place, const std::string& id, const CheckpointOptions& options) {
  require_root();
  runtime::require_criu();
  const auto directory = StateDirectory::lock(place.root, id);
  const Record record = directory.load();
  const oci::RuntimeSpec spec = directory.load_spec();
  require_possible(spec, options);
  if (status_of(directory, record) != oci::ContainerStatus::running) {
    throw Error(ErrorClass::conflict, "cannot checkpoint container '{}': container not running",
                id);
  }
  runtime::CheckpointRequest request;
  request.criu = criu_options(options, directory.path());
  linux::ensure_directory(request.criu.images);
  linux::ensure_directory(request.criu.work);
  request.target = record.process;
  request.monitor = linux::identity_of(::getpid());
  request.outer_namespaces = outer_namespaces(spec);
  request.leave_running = options.leave_running;
  request.parent = options.parent;
  request.pre_dump = options.pre_dump;
  runtime::checkpoint(request);
}

int restore(const Place& place, const std::string& id, const CreateOptions& container,
            const CheckpointOptions& options) {
  require_root();
  runtime::require_criu();
  int exit_code = 0;
  linux::ProcessIdentity process;
  {
    const auto mounts = runtime::outer_mounts(linux::absolute_path(options.images));
    Birth birth(place, id, container, &mounts);
    const Streams streams;
    runtime::CreateRequest anew = birth.request();
    anew.process.streams = streams.get();
    runtime::RestoreRequest request;
    request.criu = criu_options(options, birth.directory().path());
    linux::ensure_directory(request.criu.work);
    request.container = &anew;
    request.join_group = anew.process.before_setup;
    runtime::StartedProcess started = runtime::restore(request);
    birth.note(started);
    process = birth.process();
    birth.finish();
    if (container.start.detach) {
      (void)started.process.release();
      return 0;
    }
    birth.unlock();
    exit_code = wait_attached(started);
  }
  if (!container.keep) remove_ended(place, id, process);
  return exit_code;
}

}  // namespace coracle::bundle
