// SPDX-License-Identifier: Apache-2.0
#include "bundle/notify.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "coracle/base/log.hpp"
#include "coracle/base/scope_exit.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/service_manager.hpp"

namespace coracle::bundle {
namespace {

// runc's.
constexpr const char* k_place = "/run/notify";
constexpr const char* k_name = "notify.sock";
constexpr std::string_view k_variable = "NOTIFY_SOCKET=";
/// For the service manager to have read all that was said.
constexpr int k_barrier_ms = 30'000;
/// Of messages that nobody has read yet; the kernel's limit (net.unix.max_dgram_qlen) is lower.
constexpr int k_longest_queue = 1000;

std::string directory_of(const StateDirectory& directory) {
  return directory.path() + "/notify";
}

bool says_ready(std::string_view message) {
  const auto lines = split(message, '\n');
  return std::ranges::find(lines, "READY=1") != lines.end();
}

void mount_socket(const StateDirectory& directory, oci::RuntimeSpec& spec) {
  const std::string source = directory_of(directory);
  // Whatever user the program is.
  {
    const ScopeExit restore([umask = ::umask(0)] { ::umask(umask); });
    linux::make_directory(source, 0755);
  }
  spec.mounts.push_back(
      {k_place, "bind", source, {"bind", "rprivate", "nosuid", "noexec", "nodev", "ro"}, {}, {}});
}

/// sd_notify_barrier(3): a service manager lets go of the descriptor once it has read it. One that
/// has gone since does so, too.
void await_barrier(const std::string& manager) {
  linux::Pipe pipe = linux::make_pipe();
  linux::notify_service_manager(manager, "BARRIER=1", pipe.write.get());
  pipe.write.reset();
  pollfd end{pipe.read.get(), 0, 0};
  if (::poll(&end, 1, k_barrier_ms) == 0) {
    log::warn("the service manager has not read within {} s that the container is ready",
              k_barrier_ms / 1000);
  }
}

}  // namespace

void add_notify_socket(const StateDirectory& directory, oci::RuntimeSpec& spec) {
  std::vector<std::string>& env = spec.process->env;
  const bool is_seen_to = std::ranges::any_of(
      env, [](const std::string& entry) { return entry.starts_with(k_variable); });
  const bool has_mounts = std::ranges::any_of(spec.linux.namespaces, [](const auto& one) {
    return one.type == oci::NamespaceType::mount && one.path.empty();
  });
  if (linux::service_manager().empty() || is_seen_to || !has_mounts) return;
  mount_socket(directory, spec);
  env.push_back(fmt::format("{}{}/{}", k_variable, k_place, k_name));
}

void bring_back_notify_socket(const StateDirectory& directory,
                              const std::vector<std::string>& mounts, oci::RuntimeSpec& spec) {
  const bool is_of_engine = std::ranges::any_of(
      spec.mounts, [](const oci::Mount& mount) { return mount.destination == k_place; });
  if (is_of_engine || std::ranges::find(mounts, k_place) == mounts.end()) return;
  mount_socket(directory, spec);
}

Readiness::Readiness(const StateDirectory& directory) : manager_(linux::service_manager()) {
  const std::string place = directory_of(directory);
  if (manager_.empty() || !linux::exists(place)) return;
  socket_ = linux::receive_notifications(place + "/" + k_name);
}

void Readiness::step() noexcept {
  const auto message = linux::next_notification(socket_.get());
  if (is_ready_ || !message || !says_ready(*message)) return;
  linux::notify_service_manager(manager_, "READY=1\n");
  is_ready_ = true;
}

void Readiness::listen(int pidfd, bool until_ready) {
  while (socket_ && !(until_ready && is_ready_)) {
    pollfd set[] = {{socket_.get(), POLLIN, 0}, {pidfd, POLLIN, 0}};
    if (::poll(set, 2, -1) < 0) {
      if (errno == EINTR) continue;
      throw SysError("cannot wait for a container");
    }
    const bool has_ended = set[1].revents != 0;
    // What it has said at its end counts; not what others say without end.
    for (int i = 0; i < (has_ended ? k_longest_queue : 1); ++i) step();
    if (has_ended) socket_.reset();
  }
}

void Readiness::wait(int pidfd) {
  listen(pidfd, false);
}

void Readiness::wait_and_hand_over(int pidfd, pid_t program) {
  listen(pidfd, true);
  if (!is_ready_) return;
  linux::notify_service_manager(manager_, fmt::format("MAINPID={}\n", program));
  await_barrier(manager_);
}

}  // namespace coracle::bundle
