// SPDX-License-Identifier: Apache-2.0
#include "runtime/child/hold.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/child/failure.hpp"

namespace coracle::runtime::child {
namespace {

using protocol::Kind;
using protocol::Message;

/// Whether `socket`'s other end let us go on, and did not leave.
bool hears_go(int socket) noexcept {
  Message message;
  return protocol::receive_in_child(socket, message) && message.kind == Kind::go;
}

void tell(int socket, Kind kind) noexcept {
  Message message;
  message.kind = kind;
  protocol::send(socket, message);
}

}  // namespace

ShownNamespaces open_namespaces(int namespaces, int proc, int socket) noexcept {
  struct Name {
    int flag;
    const char* path;
  };
  // A user namespace first: it gives the right to join the others.
  constexpr Name k_names[ShownNamespaces::k_most] = {
      {CLONE_NEWUSER, "self/ns/user"}, {CLONE_NEWPID, "self/ns/pid"},
      {CLONE_NEWNET, "self/ns/net"},   {CLONE_NEWIPC, "self/ns/ipc"},
      {CLONE_NEWUTS, "self/ns/uts"},   {CLONE_NEWCGROUP, "self/ns/cgroup"},
      {CLONE_NEWTIME, "self/ns/time"}, {CLONE_NEWNS, "self/ns/mnt"},
  };
  ShownNamespaces shown;
  ShownNamespaces::Entry* next = shown.entries;
  for (const auto& name : k_names) {
    if ((namespaces & name.flag) == 0) continue;
    next->flag = name.flag;
    next->descriptor = ::openat(proc, name.path, O_RDONLY | O_CLOEXEC);
    check(socket, next->descriptor, protocol::Step::join_namespace, name.path);
    ++next;
  }
  return shown;
}

void show_namespaces(const ShownNamespaces& shown, int socket) noexcept {
  for (const auto& entry : shown.entries) {
    if (entry.descriptor < 0) return;
    Message message;
    message.kind = Kind::name_space;
    message.value = entry.flag;
    protocol::send(socket, message, entry.descriptor);
  }
}

void wait_for_go(int socket) noexcept {
  // The parent is gone or gave up: there is nobody left to tell.
  if (!hears_go(socket)) ::_exit(1);
}

void hold(int socket, Kind kind) noexcept {
  tell(socket, kind);
  wait_for_go(socket);
}

void take_interfaces(int proc, int socket) noexcept {
  const int fd = ::openat(proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
  check(socket, fd, protocol::Step::join_namespace, "network");
  Message message;
  message.kind = Kind::network;
  protocol::send(socket, message, fd);
  ::close(fd);
  wait_for_go(socket);
}

int wait_for_starter(int listener, const ShownNamespaces& shown, int socket) noexcept {
  ::close(socket);
  // The first process of a pid namespace hears only of what it has a handler for.
  struct sigaction end {};
  end.sa_handler = [](int signal) { ::_exit(128 + signal); };
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::sigaction(signal, &end, nullptr);
  int starter = -1;
  while (true) {
    starter = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (starter < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      ::_exit(1);
    }
    show_namespaces(shown, starter);
    tell(starter, Kind::ready);
    if (hears_go(starter)) break;
    ::close(starter);
  }
  ::close(listener);
  for (const auto& entry : shown.entries) {
    if (entry.descriptor >= 0) ::close(entry.descriptor);
  }
  return starter;
}

}  // namespace coracle::runtime::child
