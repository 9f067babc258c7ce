// SPDX-License-Identifier: Apache-2.0
#include "engine/container/life/file_server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fmt/format.h>

#include "coracle/base/log.hpp"
#include "coracle/base/strings.hpp"
#include "coracle/linux/file.hpp"
#include "coracle/linux/namespaces.hpp"
#include "coracle/linux/process.hpp"
#include "coracle/linux/process_end.hpp"
#include "engine/apart.hpp"

namespace coracle::engine {
namespace {

std::string path_of(Context& context, const ContainerId& id) {
  return context.containers().run_directory(id) + "/file-server";
}

linux::ProcessIdentity read_noted(const std::string& path) {
  const auto text = linux::read_file_if_exists(path, 256);
  const auto pair = text ? split_once(trim(*text), ' ') : std::nullopt;
  if (!pair) return {};
  return {static_cast<pid_t>(parse_int(pair->first).value_or(0)),
          static_cast<std::uint64_t>(parse_int(pair->second).value_or(0))};
}

/// In a process of its own: a user namespace that a monitor has left behind is nobody else's.
void unmount(Context& context, const linux::ProcessIdentity& server, const std::string& place) {
  if (!context.try_enter_namespace_of(server)) return;
  const linux::Fd name_space =
      linux::try_open_at(AT_FDCWD, fmt::format("/proc/{}/ns/mnt", server.pid), O_RDONLY);
  if (!name_space || !linux::is_alive(server)) return;
  // A signal would end it at once, and what the kernel has not written yet would be lost.
  linux::in_mount_namespace(name_space.get(), [&] {
    if (const linux::Fd root = linux::open_if_exists(place, O_RDONLY | O_DIRECTORY)) {
      ::syncfs(root.get());
    }
    ::umount2(place.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  });
  // The process of a volume that was mounted meanwhile may have the mount in its own namespace, and
  // be kept by ours: then nothing but a signal ends either.
  constexpr int k_patience_ms = 500;
  if (!linux::wait_for_end(server, k_patience_ms)) linux::send_signal(server, SIGTERM);
}

}  // namespace

void note_file_server(Context& context, const ContainerId& id, pid_t server) {
  const auto identity = linux::identity_of(server);
  linux::write_file_atomic(path_of(context, id),
                           fmt::format("{} {}\n", identity.pid, identity.start_time),
                           linux::Durability::crash_of_process);
}

void end_file_server(Context& context, const ContainerId& id) noexcept {
  try {
    const auto server = read_noted(path_of(context, id));
    if (!linux::is_alive(server)) return;
    // One that answers nobody is not waited for.
    constexpr int k_patience_ms = 5000;
    (void)answer_from_child(
        "the process that unmounts", 0,
        [&]() -> std::string {
          unmount(context, server, context.containers().merged(id));
          return "";
        },
        [&](pid_t, int answer) {
          if (!linux::wait_readable(answer, k_patience_ms)) linux::send_signal(server, SIGKILL);
        });
  } catch (const std::exception& error) {
    log::info("the server of a root file system is left: {}", error.what());
  }
}

}  // namespace coracle::engine
