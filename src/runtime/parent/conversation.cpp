// SPDX-License-Identifier: Apache-2.0
#include "runtime/parent/conversation.hpp"

#include <errno.h>
#include <string.h>

#include <fmt/format.h>

#include "coracle/base/error.hpp"
#include "runtime/parent/filter_listener.hpp"
#include "runtime/parent/interfaces.hpp"
#include "runtime/protocol/message.hpp"

namespace coracle::runtime {
namespace {

using protocol::Kind;
using protocol::Step;

}  // namespace

void throw_failure(const protocol::Message& failure) {
  const std::string reason = ::strerror(failure.error);
  if (failure.step == Step::find_program || failure.step == Step::exec) {
    const bool missing = failure.error == ENOENT || failure.error == ENOTDIR;
    // The wording is that of podman with crun: scripts match it.
    Error error(missing ? ErrorClass::not_found : ErrorClass::permission_denied,
                missing ? fmt::format("executable file `{}` not found in $PATH: {}: OCI runtime "
                                      "attempted to invoke a command that was not found",
                                      failure.subject, reason)
                        : fmt::format("cannot execute `{}`: {}: OCI permission denied",
                                      failure.subject, reason));
    error.set_exit_code(missing ? k_exit_not_found : k_exit_not_executable);
    throw error;
  }
  std::string text(protocol::describe(failure.step));
  if (failure.subject[0] != '\0') text += fmt::format(" '{}'", failure.subject);
  throw SysError(failure.error, text);
}

Conversation::Conversation(StartedProcess& started, linux::Fd socket) : started_(started) {
  started.socket_ = std::move(socket);
}

void Conversation::use_hooks(const oci::Hooks& hooks, oci::RuntimeState state) {
  started_.hooks_ = hooks;
  started_.state_ = std::move(state);
}

void Conversation::use_hooks_of(const CreateRequest& request) {
  interfaces_ = &request.spec->linux.net_devices;
  use_hooks(request.spec->hooks,
            {request.spec->oci_version, request.id, oci::ContainerStatus::creating,
             started_.process.pid(), request.bundle, request.spec->annotations});
}

void Conversation::use_state(const oci::RuntimeState& state) {
  started_.state_ = state;
}

void Conversation::use_filter(const SeccompProgram* filter, linux::Fd agent) {
  filter_ = filter;
  agent_ = std::move(agent);
}

void Conversation::say_go() {
  protocol::send(started_.socket_.get(), protocol::Message{});
}

bool Conversation::reach_ready() {
  return hear_out(true);
}

void Conversation::go_on() {
  started_.state_.status = oci::ContainerStatus::created;
  run_hooks("startContainer", started_.hooks_.start_container, started_.state_,
            started_.namespaces_);
  started_.namespaces_.clear();
  say_go();
}

void Conversation::finish() {
  hear_out(false);
  started_.socket_.reset();
  started_.state_.status = oci::ContainerStatus::running;
  run_hooks("poststart", started_.hooks_.poststart, started_.state_);
}

/// Listens until end of file (the program runs) or, if asked for, until the process is ready.
/// @returns whether it is that
bool Conversation::hear_out(bool until_ready) {
  while (auto received = protocol::receive(started_.socket_.get())) {
    // The launcher runs inside, where it can be got hold of.
    if (started_.is_launching_ && received->message.kind != Kind::failure) {
      throw Error(ErrorClass::internal,
                  "a message from the container's process that is none of it");
    }
    switch (received->message.kind) {
      case Kind::name_space:
        started_.namespaces_.push_back({std::move(received->descriptor), received->message.value});
        break;
      case Kind::terminal: started_.terminal = std::move(received->descriptor); break;
      case Kind::network:
        if (interfaces_ != nullptr) move_interfaces(received->descriptor.get(), *interfaces_);
        say_go();
        break;
      case Kind::listener:
        if (filter_ != nullptr) {
          hand_over_listener(*filter_, agent_, received->descriptor, started_.process.pid(),
                             started_.state_);
          agent_.reset();
        }
        say_go();
        break;
      case Kind::mounted:
        run_hooks("prestart", started_.hooks_.prestart, started_.state_);
        run_hooks("createRuntime", started_.hooks_.create_runtime, started_.state_);
        run_hooks("createContainer", started_.hooks_.create_container, started_.state_,
                  started_.namespaces_);
        say_go();
        break;
      case Kind::ready:
        if (until_ready) return true;
        go_on();
        break;
      case Kind::failure: throw_failure(received->message);
      case Kind::launching: started_.is_launching_ = true; break;
      case Kind::go:
      case Kind::born: break;
    }
  }
  return false;
}

void StartedProcess::start() {
  Conversation conversation(*this);
  conversation.go_on();
  conversation.finish();
}

void StartedProcess::leave() {
  Conversation(*this).say_go();
  socket_.reset();
  (void)process.release();
}

void start_left(linux::Fd connection, const oci::Hooks& hooks, const oci::RuntimeState& state) {
  StartedProcess left{linux::Child(), linux::Fd()};
  Conversation conversation(left, std::move(connection));
  conversation.use_hooks(hooks, state);
  if (!conversation.reach_ready()) {
    throw Error(ErrorClass::conflict, "the container's process does not wait for its start");
  }
  conversation.go_on();
  conversation.finish();
}

}  // namespace coracle::runtime
