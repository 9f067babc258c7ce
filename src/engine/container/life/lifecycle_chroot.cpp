// SPDX-License-Identifier: Apache-2.0
// What is different for a container that is a chroot: files take the places of mounts, and nobody
// but its monitor ends what its first process leaves running.
#include <signal.h>
#include <sys/signalfd.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/linux/process_end.hpp"
#include "coracle/linux/process_tree.hpp"
#include "engine/container/chroot/chroot.hpp"
#include "engine/container/life/lifecycle.hpp"
#include "engine/storage.hpp"

namespace coracle::engine {
namespace {

/// Readable when a child has ended.
linux::Fd watch_children() {
  sigset_t ended;
  ::sigemptyset(&ended);
  ::sigaddset(&ended, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &ended, nullptr);
  linux::Fd watch(::signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!watch) throw SysError("cannot watch for the end of processes");
  return watch;
}

}  // namespace

void ContainerLifecycle::settle_in_chroot(const SpecFacts& facts, oci::RuntimeSpec& spec,
                                          runtime::CreateRequest& request) {
  linux::adopt_descendants();
  if (!adopted_watch_) adopted_watch_ = watch_children();
  const std::string& root = request.rootfs->mount_point;
  const std::string aside = context_.containers().set_aside(id_);
  const auto files = leave_out_mounts(facts, spec);
  // Those of a run whose monitor was killed.
  take_back_files(root, aside);
  place_files(root, aside, files);
  request.chroot_only = true;
  // The monitor does what an init does.
  if (request.first == runtime::FirstProcess::init) request.first = runtime::FirstProcess::program;
  settle_filters(config_, *spec.process, request.process);
}

void ContainerLifecycle::end_chroot() noexcept {
  if (!config_.is_chroot) return;
  try {
    const std::string root = plan_rootfs(context_, config_).mount_point;
    // Those of `exec` have another parent, who ends them, but maybe not yet.
    if (!linux::end_descendants() || !linux::end_chrooted(root)) {
      log::warn("processes of container {} are left: nobody else ends them", config_.name);
    }
    take_back_files(root, context_.containers().set_aside(id_));
  } catch (const std::exception& error) {
    log::warn("files of the engine are left in container {}: {}", config_.name, error.what());
  }
}

}  // namespace coracle::engine
