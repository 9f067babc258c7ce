// SPDX-License-Identifier: Apache-2.0
#include "runtime/protocol/message.hpp"

#include <errno.h>

#include <utility>

#include "coracle/base/error.hpp"
#include "coracle/linux/unix_socket.hpp"

namespace coracle::runtime::protocol {

std::string_view describe(Step step) noexcept {
  switch (step) {
    case Step::none: return "cannot set up the container";
    case Step::wait_for_parent: return "cannot wait for the engine";
    case Step::map_ids: return "cannot take the mapped ids";
    case Step::join_namespace: return "cannot join namespace";
    case Step::create_namespace: return "cannot create namespace";
    case Step::create_process: return "cannot create the container's process";
    case Step::session: return "cannot start a session";
    case Step::time_offsets: return "cannot set the offsets of the time namespace's clocks";
    case Step::loopback: return "cannot bring up the loopback interface";
    case Step::hostname: return "cannot set host name";
    case Step::domainname: return "cannot set domain name";
    case Step::propagation: return "cannot change mount propagation of";
    case Step::rootfs_mount: return "cannot mount the root file system on";
    case Step::rootfs_helper: return "fuse-overlayfs cannot mount the root file system on";
    case Step::pivot_root: return "cannot change the root file system to";
    case Step::bind_source: return "cannot open mount source";
    case Step::mount_target: return "cannot create mount point";
    case Step::mount: return "cannot mount";
    case Step::mount_attributes: return "cannot set mount options of";
    case Step::copy_up: return "cannot copy the image's files to";
    case Step::device: return "cannot create device";
    case Step::sysctl: return "cannot set sysctl";
    case Step::mask_path: return "cannot mask path";
    case Step::readonly_path: return "cannot make path read-only";
    case Step::remount_root: return "cannot make the root file system read-only";
    case Step::console: return "cannot set up the terminal";
    case Step::keyring: return "cannot create a session keyring";
    case Step::rlimit: return "cannot set resource limit";
    case Step::oom_score: return "cannot set the OOM score adjustment";
    case Step::scheduler: return "cannot set the scheduling policy";
    case Step::affinity: return "cannot run on CPUs";
    case Step::io_priority: return "cannot set the I/O priority";
    case Step::memory_policy: return "cannot set the memory policy";
    case Step::working_directory: return "cannot change to working directory";
    case Step::groups: return "cannot set supplementary groups";
    case Step::user: return "cannot become user";
    case Step::capabilities: return "cannot set capabilities";
    case Step::personality: return "cannot set the personality";
    case Step::no_new_privileges: return "cannot set no_new_privs";
    case Step::security_label: return "cannot set security label";
    case Step::seccomp: return "cannot install the seccomp filter";
    case Step::find_program: return "cannot find executable";
    case Step::exec: return "cannot execute";
  }
  return "cannot set up the container";
}

bool send(int socket, const Message& message, int descriptor) noexcept {
  const iovec part{const_cast<Message*>(&message), sizeof message};
  return linux::send_parts(socket, {&part, 1}, {&descriptor, descriptor >= 0 ? 1U : 0U});
}

std::optional<Received> receive(int socket) {
  Received received;
  const iovec part{&received.message, sizeof received.message};
  linux::ReceivedParts got = linux::receive_parts(socket, {&part, 1});
  if (got.size == 0 || (got.size < 0 && errno == ECONNRESET)) return std::nullopt;
  if (got.size < 0) throw SysError("cannot hear from the container's process");
  if (got.size != static_cast<ssize_t>(sizeof received.message)) {
    throw Error(ErrorClass::internal, "malformed message of {} bytes from the container's process",
                got.size);
  }
  received.descriptor = std::move(got.descriptors.front());
  received.message.subject[sizeof received.message.subject - 1] = '\0';
  return received;
}

bool receive_in_child(int socket, Message& message) noexcept {
  const iovec part{&message, sizeof message};
  return linux::receive_parts(socket, {&part, 1}).size == static_cast<ssize_t>(sizeof message);
}

}  // namespace coracle::runtime::protocol
