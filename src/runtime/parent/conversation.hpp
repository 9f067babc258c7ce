// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "coracle/runtime/container.hpp"
#include "runtime/protocol/layout.hpp"

namespace coracle::runtime {

/// What a child has given up at, as the Error that runtime::create() throws.
[[noreturn]] void throw_failure(const protocol::Message& failure);

/// What the parent says and does while the child sets itself up.
class Conversation {
 public:
  explicit Conversation(StartedProcess& started) : started_(started) {}
  Conversation(StartedProcess& started, linux::Fd socket);

  void use_hooks(const oci::Hooks& hooks, oci::RuntimeState state);
  void use_hooks_of(const CreateRequest& request);
  /// @param filter  that of the process
  /// @param agent   who gets its listener
  void use_filter(const SeccompProgram* filter, linux::Fd agent);
  /// Of the container, where it is not in the making.
  void use_state(const oci::RuntimeState& state);

  /// What the child waits for has been done.
  void say_go();

  /// Until the process holds before its program.
  /// @returns false when it ended instead, or let go of the connection
  bool reach_ready();

  /// Lets the process that holds become its program.
  void go_on();

  /// Until the program runs.
  void finish();

 private:
  bool hear_out(bool until_ready);

  StartedProcess& started_;
  // Asked for before the process is ready: by the conversation that has them.
  const SeccompProgram* filter_ = nullptr;
  linux::Fd agent_;
  const std::map<std::string, std::string>* interfaces_ = nullptr;
};

}  // namespace coracle::runtime
