// SPDX-License-Identifier: Apache-2.0
#include "bundle/birth.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bundle/environment.hpp"
#include "bundle/notify.hpp"
#include "bundle/status.hpp"
#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/time.hpp"
#include "coracle/linux/resolve.hpp"
#include "coracle/linux/unix_socket.hpp"
#include "coracle/runtime/hooks.hpp"

namespace coracle::bundle {
namespace {

oci::RuntimeSpec load_config(const std::string& bundle, const std::string& name) {
  const std::string path = name.starts_with('/') ? name : bundle + "/" + name;
  try {
    return oci::parse_runtime_spec(linux::read_file(path), path);
  } catch (const Error& error) {
    if (error.error_class() != ErrorClass::not_found) throw;
    throw Error(ErrorClass::not_found, "JSON specification file '{}' not found", path);
  }
}

/// Absolute, and without links.
std::string resolved(const std::string& path) {
  const linux::Fd directory = linux::open_if_exists(path, O_PATH | O_DIRECTORY);
  if (!directory) return linux::absolute_path(path);
  return linux::read_link(linux::proc_path(directory.get()));
}

/// Of a user namespace for which the configuration maps nobody, the caller is root, as with crun.
void map_caller(oci::LinuxConfig& config) {
  const auto* own = config.find_namespace(oci::NamespaceType::user);
  if (own == nullptr || !own->path.empty()) return;
  if (config.uid_mappings.empty()) config.uid_mappings = {{0, ::geteuid(), 1}};
  if (config.gid_mappings.empty()) config.gid_mappings = {{0, ::getegid(), 1}};
}

/// crun's, by which another program than the kernel runs the container's: to leave it out is not
/// what was meant.
void require_known_handler(const oci::RuntimeSpec& spec) {
  const auto handler = spec.annotations.find("run.oci.handler");
  if (handler == spec.annotations.end()) return;
  throw Error(ErrorClass::not_implemented,
              "the handler '{}' of the annotation run.oci.handler is not there", handler->second);
}

std::string rootfs_of(const oci::RuntimeSpec& spec, const std::string& bundle) {
  if (!spec.root) return "";
  return spec.root->path.starts_with('/') ? spec.root->path : bundle + "/" + spec.root->path;
}

}  // namespace

std::optional<runtime::SeccompProgram> load_filter(const Place& place,
                                                   const oci::RuntimeSpec& spec) {
  if (!spec.linux.seccomp) return std::nullopt;
  return runtime::load_seccomp(place.root + "/.seccomp", *spec.linux.seccomp);
}

Birth::Birth(const Place& place, const std::string& id, const CreateOptions& options,
             const std::vector<std::string>* restored)
    : place_(place),
      bundle_(resolved(options.bundle)),
      spec_(load_config(bundle_, options.config)),
      directory_(StateDirectory::make(place.root, id)) {
  try {
    prepare(options, restored);
  } catch (...) {
    discard();
    throw;
  }
}

void Birth::prepare(const CreateOptions& options, const std::vector<std::string>* restored) {
  if (!spec_.process) {
    throw Error(ErrorClass::invalid_argument, "the configuration has no process");
  }
  require_known_handler(spec_);
  receiver_ = Receiver(options.start, spec_.process->terminal, PidFile::when_complete);
  map_caller(spec_.linux);
  directory_.save_spec(spec_);
  // What is executed later has its own.
  complete_process(*spec_.process, passwd_of_bundle(spec_, bundle_, rootfs_of(spec_, bundle_)));
  request_.process.preserved_fds = preserved_descriptors(options.start, spec_.process->env);
  if (restored != nullptr) {
    bring_back_notify_socket(directory_, *restored, spec_);
  } else {
    add_notify_socket(directory_, spec_);
  }
  group_ = make_group(place_, directory_.id(), spec_);
  record_ = {{},
             linux::boot_id(),
             bundle_,
             rootfs_of(spec_, bundle_),
             format_rfc3339(now()),
             group_.group->path(),
             group_.unit};
  directory_.save(record_);
  seccomp_ = load_filter(place_, spec_);
  make_request(options);
}

Birth::~Birth() {
  if (!is_finished_) discard();
}

void Birth::discard() noexcept {
  receiver_.withdraw();
  try {
    const bool has_begun = !record_.bundle.empty();
    remove_remains(directory_, record_, spec_, true);
    if (has_begun) {
      runtime::try_hooks("poststop", spec_.hooks.poststop,
                         state_of(directory_, record_, spec_, oci::ContainerStatus::stopped));
    }
  } catch (const std::exception& error) {
    log::warn("cannot take back what was made of the container: {}", error.what());
  }
}

void Birth::make_request(const CreateOptions& options) {
  request_.spec = &spec_;
  request_.id = directory_.id();
  request_.bundle = bundle_;
  request_.cgroup_path = record_.cgroup;
  request_.create_working_directory = true;
  request_.no_pivot = options.no_pivot;
  request_.wait_for_start = true;
  request_.process.seccomp = seccomp_ ? &*seccomp_ : nullptr;
  request_.process.new_keyring = !options.no_new_keyring;
  // Nobody is born into a scope of the user's from a login session: that is not in a group of
  // theirs.
  const bool is_born_there = group_.unit.empty() && group_.group->unified_fd() >= 0;
  if (is_born_there) request_.process.cgroup = group_.group->unified_fd();
  if (!group_.group->path().empty()) {
    request_.process.before_setup = [this, is_born_there](pid_t pid) {
      join_group(record_, *group_.group, pid, is_born_there);
      if (group_.scope) group_.scope->let_go();
    };
  }
}

void Birth::outlive_this_process() {
  listener_ = linux::bind_unix_socket(directory_.start_socket(), SOCK_SEQPACKET, 0700);
  if (::listen(listener_.get(), SOMAXCONN) != 0 || ::fcntl(listener_.get(), F_SETFL, 0) != 0) {
    throw SysError("cannot listen at '{}'", directory_.start_socket());
  }
  request_.start_listener = listener_.get();
}

void Birth::note(runtime::StartedProcess& started) {
  record_.process = linux::identity_of(started.process.pid());
  directory_.save(record_);
  receiver_.take(started);
}

}  // namespace coracle::bundle
