// SPDX-License-Identifier: Apache-2.0
#include "runtime/protocol/message.hpp"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coracle/base/error.hpp"

namespace coracle::runtime::protocol {

std::string_view describe(Step step) noexcept {
  switch (step) {
    case Step::none: return "cannot set up the container";
    case Step::wait_for_parent: return "cannot wait for the engine";
    case Step::map_ids: return "cannot take the mapped ids";
    case Step::join_namespace: return "cannot join namespace";
    case Step::create_namespace: return "cannot create namespace";
    case Step::session: return "cannot start a session";
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
    case Step::working_directory: return "cannot change to working directory";
    case Step::groups: return "cannot set supplementary groups";
    case Step::user: return "cannot become user";
    case Step::capabilities: return "cannot set capabilities";
    case Step::no_new_privileges: return "cannot set no_new_privs";
    case Step::security_label: return "cannot set security label";
    case Step::seccomp: return "cannot install the seccomp filter";
    case Step::find_program: return "cannot find executable";
    case Step::exec: return "cannot execute";
  }
  return "cannot set up the container";
}

namespace {

union Control {
  cmsghdr header;
  char space[CMSG_SPACE(sizeof(int))];
};

ssize_t receive_raw(int socket, Message& message, Control& control, msghdr& envelope) noexcept {
  iovec part{&message, sizeof message};
  envelope = {};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  envelope.msg_control = &control;
  envelope.msg_controllen = sizeof control;
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &envelope, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  envelope.msg_iov = nullptr;
  return got;
}

}  // namespace

bool send(int socket, const Message& message, int descriptor) noexcept {
  iovec part{const_cast<Message*>(&message), sizeof message};
  msghdr envelope{};
  envelope.msg_iov = &part;
  envelope.msg_iovlen = 1;
  Control control{};
  if (descriptor >= 0) {
    envelope.msg_control = &control;
    envelope.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&envelope);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    ::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &envelope, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(sizeof message);
}

std::optional<Received> receive(int socket) {
  Received received;
  Control control{};
  msghdr envelope{};
  const ssize_t got = receive_raw(socket, received.message, control, envelope);
  if (got == 0 || (got < 0 && errno == ECONNRESET)) return std::nullopt;
  if (got < 0) throw SysError("cannot hear from the container's process");
  const cmsghdr* header = CMSG_FIRSTHDR(&envelope);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int descriptor = -1;
    ::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    received.descriptor.reset(descriptor);
  }
  if (got != static_cast<ssize_t>(sizeof received.message)) {
    throw Error(ErrorClass::internal, "malformed message of {} bytes from the container's process",
                got);
  }
  received.message.subject[sizeof received.message.subject - 1] = '\0';
  return received;
}

bool receive_in_child(int socket, Message& message) noexcept {
  Control control{};
  msghdr envelope{};
  return receive_raw(socket, message, control, envelope) == static_cast<ssize_t>(sizeof message);
}

}  // namespace coracle::runtime::protocol
